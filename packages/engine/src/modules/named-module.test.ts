/** Builds with names have the code of builds without: else names would be those of other functions. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EngineError } from "@wasm-engine/abi";
import { functionNamesFrom } from "@wasm-engine/wasm";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { buildModule } from "./build-module.js";
import { namedModule } from "./named-module.js";

const assemblyScript = `
import { Agent, Message, publish, run, JsonWriter } from "wasm-engine/assemblyscript";
export * from "wasm-engine/assemblyscript/entry";
function squareOf(x: f64): f64 { let y = x; for (let i = 0; i < 9; i++) y = y * y + x; return y; }
class Squarer extends Agent {
  onMessage(message: Message): void {
    const x = squareOf(message.json.number("x")) + squareOf(message.json.number("y"));
    publish("out", new JsonWriter().number("x", x));
  }
}
run(new Squarer());
`;

test("[S14.profile] AssemblyScript with names is the same code", async (context) => {
  const directory = projectFolder(context, { "squarer.ts": assemblyScript });
  const path = join(directory, "squarer.ts");
  const { bytes } = await buildModule(path, { directory });
  const named = await namedModule(path);
  assert.ok(named !== undefined);
  const names = functionNamesFrom(bytes, named);
  assert.ok(
    names?.some((name) => name.endsWith("/squareOf")),
    String(names?.slice(0, 40)),
  );
});

test("[S14.profile] C with names is the same code", async (context) => {
  const agents = new URL("../../../../examples/airports/agents/", import.meta.url);
  const path = fileURLToPath(new URL("arbiter.c", agents));
  const named = await namedModule(path).catch((error: unknown) => {
    if (EngineError.is(error) && error.code === "WE_BUILD_TOOL_MISSING") return undefined;
    throw error;
  });
  if (named === undefined) return context.skip("no clang on this machine");
  const directory = projectFolder(context);
  const { bytes } = await buildModule(path, { directory });
  assert.ok(functionNamesFrom(bytes, named)?.includes("we_json_get"));
});

test("[S14.profile] a .wasm file stands for itself, and scripts keep no names", async (context) => {
  const bytes = await assemble(smallAgentText());
  const directory = projectFolder(context, {
    "m.wasm": bytes,
    "a.ts":
      'import { defineAgent } from "wasm-engine/agent";\nexport const agent = defineAgent({ state: {} });\n',
  });
  assert.deepEqual(
    await namedModule(join(directory, "m.wasm")),
    new Uint8Array(readFileSync(join(directory, "m.wasm"))),
  );
  assert.equal(await namedModule(join(directory, "a.ts")), undefined);
});
