import assert from "node:assert/strict";
import { test } from "node:test";
import { v8FlagsOf } from "./v8-flags.js";

test("flags of V8 are handed on, options of Node are not", () => {
  const flags = [
    "--liftoff-only",
    "--no-liftoff",
    "--max-old-space-size=64",
    "--stack_size=500",
    "--jitless",
  ];
  const options = ["--test", "--import=x", "--inspect", "-e", "--enable-source-maps", "--no-warnings"];
  assert.deepEqual(v8FlagsOf([...flags, ...options]), flags);
});

test("a flag that is given twice is handed on once", () => {
  assert.deepEqual(v8FlagsOf(["--no-liftoff", "--no-liftoff"]), ["--no-liftoff"]);
});
