import assert from "node:assert/strict";
import { test } from "node:test";
import { visible } from "./visible.js";

test("[G10] what steers a terminal is spelled out, and no line of a guest looks like one of ours", () => {
  assert.equal(visible("plain \t grüße 🦆"), "plain \t grüße 🦆");
  assert.equal(visible("\u001b[31mred\u0007\u009b"), "\\x1b[31mred\\x07\\x9b");
  assert.equal(visible("a\r\nerror[WE_X]: no\n\n"), "a\\x0d\n    error[WE_X]: no");
  assert.equal(visible("\u202eevil\u2066"), "\\u{202e}evil\\u{2066}");
});
