/** Values of secrets reach tools and nobody else, whatever tools do with them. What is missing stops the open. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { Engine } from "../client/engine.js";
import { bundleRun, openBundle } from "../client/run-place.js";
import { outcomesOf, toolProject } from "../testing/tool-project.js";
import { Redaction } from "./secret-values.js";

const key = 'k-"quoted"/plus+9Zx77Qw';
const pin = "52637481";

const leaky = `const forms = {
  plain: (text) => text,
  nested: (text) => ({ ["name " + text]: [{ deep: "x" + text + "y" }] }),
  number: (text) => ({ n: Number(text) }),
  base64: (text) => ["", "a", "ab"].map((start) => Buffer.from(start + text + "rest").toString("base64url")),
  hex: (text) => Buffer.from(text).toString("hex").toUpperCase(),
  address: (text) => "http://host/?key=" + encodeURIComponent(text),
  thrown: (text) => { throw new Error("refused: " + text); },
};
export const leaky = {
  secrets: ["KEY", "PIN"],
  run: ({ form, name }, { secret }) => forms[form](secret(name)),
};
`;

function project(context: TestContext, tool: Json, calls: readonly Json[] = [], file = leaky): string {
  return toolProject(context, {
    files: { "leaky.mjs": file, "secrets/pin": `${pin}\n` },
    tools: { leaky: tool },
    agents: { a: calls.map((input) => ({ tool: "leaky", input })) },
  });
}

/** Every file below a folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());
}

test("a secret is in no log, no side record, no kept answer, no output, no bundle, in no form", async (context) => {
  process.env["WASM_ENGINE_TEST_KEY"] = key;
  context.after(() => delete process.env["WASM_ENGINE_TEST_KEY"]);
  const secrets = { KEY: { env: "WASM_ENGINE_TEST_KEY" }, PIN: { file: "./secrets/pin" } };
  const forms = ["plain", "nested", "number", "base64", "hex", "address", "thrown"];
  const calls = forms.flatMap((form) => ["KEY", "PIN"].map((name) => ({ form, name })));
  const directory = project(context, { path: "./leaky.mjs", secrets, reuse: true }, calls);
  await using world = await Engine.open(directory);
  const { dir } = await world.run();
  await world.close();
  const outcomes = outcomesOf(directory);
  assert.equal(outcomes.length, calls.length);
  assert.equal(outcomes[0]?.value, "[secret KEY]");
  assert.deepEqual(outcomes[3]?.value, { "name [secret PIN]": [{ deep: "x[secret PIN]y" }] });
  assert.deepEqual(outcomes[5]?.value, { n: "[secret PIN]" });
  assert.match(outcomes[12]?.message ?? "", /refused: \[secret KEY\]$/);
  const bundle = join(directory, "run.bundle");
  await bundleRun(dir, { out: bundle });
  await openBundle(bundle, { dir: join(directory, "opened") });
  const suspects = [key, pin].flatMap((value) => {
    const bytes = Buffer.from(value);
    const inner = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
    return [value, JSON.stringify(value).slice(1, -1), bytes.toString("hex"), inner.slice(0, 12)];
  });
  const searched = filesIn(directory).filter((path) => !/secrets\/pin$/.test(path));
  assert.ok(
    searched.some((path) => path.includes("opened")) && searched.some((path) => path.includes("answers")),
  );
  for (const path of searched) {
    const text = readFileSync(path).toString("latin1").toLowerCase();
    for (const suspect of suspects)
      assert.ok(!text.includes(suspect.toLowerCase()), `${path} holds a secret`);
  }
});

test("bytes and texts that hold a secret lose it; everything else stays as it is", () => {
  const redaction = new Redaction([
    ["A", "abcdef"],
    ["LONG", "abcdefgh"],
  ]);
  assert.equal(redaction.text("abcdefgh abcdef abc"), "[secret LONG] [secret A] abc");
  const bytes = new Uint8Array([255, 0, ...encodeUtf8("abcdef"), 254]);
  const clean = redaction.payload(Encoding.BYTES, bytes);
  assert.equal(Buffer.from(clean).toString("latin1"), "\u00ff\u0000[secret A]\u00fe");
  const plain = encodeUtf8('{ "spaced":  [1.50] }');
  assert.equal(redaction.payload(Encoding.JSON, plain), plain, "JSON without secrets keeps its bytes");
  assert.equal(decodeUtf8(redaction.payload(Encoding.JSON, encodeUtf8("{ abcdef"))), "{ [secret A]");
});

test("[G10] secrets that are absent, too short or not granted stop the world before it begins", async (context) => {
  const granted = (KEY: Json): Json => ({
    path: "./leaky.mjs",
    secrets: { KEY, PIN: { file: "./secrets/pin" } },
  });
  const cases: readonly (readonly [Json, RegExp])[] = [
    [granted({ env: "WASM_ENGINE_TEST_ABSENT" }), /Tool leaky needs the secret KEY: it is not there/],
    [granted({ file: "./secrets/none" }), /KEY: it is not there/],
    [granted({ file: "./secrets" }), /KEY: what is there is no file/],
    [granted({ file: "/dev/zero" }), /KEY: (?:what is there is no file|it is not there)/],
    [granted({ file: "./large" }), /KEY: its file has 65537 bytes/],
    [granted({ file: "./bytes" }), /KEY: its file is not UTF-8/],
    [granted({ file: "./short/below" }), /KEY: (?:its file cannot be read: ENOTDIR|it is not there)/],
    [granted({ file: "./short" }), /it has 3 characters; fewer than 4 cannot be kept out of answers/],
    [{ path: "./leaky.mjs" }, /KEY: the configuration does not grant it/],
  ];
  for (const [tool, message] of cases) {
    const directory = project(context, tool);
    writeFileSync(join(directory, "short"), "abc");
    writeFileSync(join(directory, "large"), "x".repeat(65_537));
    writeFileSync(join(directory, "bytes"), new Uint8Array([0xff, 0xfe, 0xff, 0xfe]));
    await assert.rejects(Engine.open(directory, { isolation: "inline" }), {
      code: "WE_SECRET_MISSING",
      exitCode: 4,
      message,
    });
    assert.deepEqual(readdirSync(join(directory, ".wasm-engine")).includes("runs"), false);
  }
  const directory = project(context, granted("the value itself"));
  await assert.rejects(Engine.open(directory), { code: "WE_CONFIG_TYPE" });
});

test("[G10] a module that is no tool stops the world before it begins", async (context) => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["throw new Error('no luck');", "WE_TOOL_LOAD", /Tool leaky: .*leaky\.mjs cannot be loaded: no luck/],
    ["import 'no-such-package-at-all';", "WE_TOOL_LOAD", /no-such-package-at-all/],
    ["export const a = ;", "WE_TOOL_LOAD", /cannot be loaded/],
    ["export const a = 1;", "WE_TOOL_DEFINITION", /exports no tool/],
    ["export const [a, b] = [{ run() {} }, { run() {} }];", "WE_TOOL_DEFINITION", /exports a, b; name one/],
    ["export default { input: { type: 'text' }, run() {} };", "WE_TOOL_DEFINITION", /bad schema of input/],
    ["export default { secrets: 7, run() {} };", "WE_TOOL_DEFINITION", /`secrets` that are no list/],
    ["process.exit(0); export default () => 1;", "WE_ADAPTER_THREAD", /ended while it loaded leaky/],
  ];
  for (const [text, code, message] of cases) {
    const directory = project(context, { path: "./leaky.mjs" }, [], text);
    await assert.rejects(Engine.open(directory, { isolation: "inline" }), { code, message }, text);
  }
  const missing = project(context, { path: "./leaky.mjs", export: "none" });
  await assert.rejects(Engine.open(missing, { isolation: "inline" }), {
    message: /no export "none" that is a tool/,
  });
});
