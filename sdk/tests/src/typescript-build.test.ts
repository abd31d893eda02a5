/** Building TypeScript agents: bundles, equal bytes in any folder, refusals and complaints with file, line and column. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { TestContext } from "node:test";
import { SOURCE_MAP_SECTION, parseSourceMap } from "@wasm-engine/abi";
import { buildModule } from "@wasm-engine/engine";
import { buildAgent } from "@wasm-engine/sdk-javascript";
import { customSectionOf } from "@wasm-engine/wasm";
import { PlainHost } from "./testing/plain-host.js";
import { repositoryRoot } from "./testing/repository.js";
import { projectOf } from "./testing/typescript-world.js";

type Files = Readonly<Record<string, string>>;

function folderWith(context: TestContext, files: Files): string {
  const project = projectOf(files);
  context.after(() => project.remove());
  return project.folder;
}

/** An agent whose handler has `body` on line 4. */
const agentWith = (body: string): string =>
  `import { defineAgent } from "wasm-engine/agent";\nconst given: any = 0;\ndefineAgent({\n  async onMessage() { ${body} },\n});\n`;

/** What the agent says when it gets a message. */
async function said(folder: string, entry = "agent.ts"): Promise<(string | undefined)[]> {
  const { bytes } = await buildAgent({ entry: join(folder, entry) });
  const host = new PlainHost(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)); // never shared memory
  return host
    .start()
    .receive({})
    .map(({ text }) => text);
}

const refused: readonly (readonly [string, string, number])[] = [
  [`eval("1")`, "eval", 23],
  [`globalThis.eval("1")`, "eval", 23],
  [`[eval]`, "eval", 24],
  [`new Function("1")`, "Function", 27],
  [`Function("1")`, "Function", 23],
  [`new WeakRef({})`, "WeakRef", 27],
  [`new globalThis.WeakRef({})`, "WeakRef", 27],
  [`new FinalizationRegistry(() => {})`, "FinalizationRegistry", 27],
  [`Atomics.wait`, "Atomics", 23],
  [`new SharedArrayBuffer(8)`, "SharedArrayBuffer", 27],
  [`import("./agent.js")`, "import()", 23],
  [`import(given)`, "import()", 23],
];
for (const [body, what, column] of refused) {
  test(`[G10] refused with its place: ${body}`, async (context) => {
    const folder = folderWith(context, { "agent.ts": agentWith(body) });
    await assert.rejects(buildAgent({ entry: join(folder, "agent.ts") }), {
      code: "WE_JAVASCRIPT_REFUSED",
      message: `agent.ts:4:${column}: an agent has no ${what}: async onMessage() { ${body} },`,
    });
  });
}

const harmless = [
  `"eval(1)"; /* new Function() */ // WeakRef`,
  `given instanceof Function`,
  `typeof WeakRef === "undefined"`,
  `given.eval; given.WeakRef; ({ eval: 1, Function: 2 })`,
  `((WeakRef: any) => WeakRef)(1)`,
];
for (const body of harmless) {
  test(`not refused: ${body}`, async (context) => {
    const folder = folderWith(context, { "agent.ts": agentWith(`${body}\n`) });
    assert.ok((await buildAgent({ entry: join(folder, "agent.ts") })).bytes.length > 0);
  });
}

test("a package that asks whether a global is there may name it; without asking it is refused", async (context) => {
  const cache = (guard: string): Files => ({
    "agent.ts": `import { made } from "cache"; ${agentWith("made();")}`,
    "node_modules/cache/package.json": `{ "name": "cache", "version": "1.0.0", "main": "index.js" }`,
    "node_modules/cache/index.js": `exports.made = () => ${guard}new WeakRef({});\n`,
  });
  const guarded = folderWith(context, cache(`typeof WeakRef === "undefined" ? 0 : `));
  assert.deepEqual(await said(guarded), []);
  const bare = folderWith(context, cache(""));
  await assert.rejects(buildAgent({ entry: join(bare, "agent.ts") }), {
    code: "WE_JAVASCRIPT_REFUSED",
    message: /^node_modules\/cache\/index\.js:1:26: an agent has no WeakRef/,
  });
});

const unbuildable: readonly (readonly [string, string, Files, RegExp])[] = [
  [
    "syntax",
    "WE_JAVASCRIPT_BUILD",
    { "agent.ts": agentWith("let = 3 x;") },
    /^agent\.ts:4:31: .*: async onMessage/,
  ],
  [
    "a missing file",
    "WE_JAVASCRIPT_BUILD",
    { "agent.ts": `import "./lost.js";\n` },
    /^agent\.ts:1:8: .*lost\.js.*import/,
  ],
  [
    "a missing package",
    "WE_JAVASCRIPT_BUILD",
    { "agent.ts": `\nimport x from "no-such";\nx();` },
    /^agent\.ts:2:15: .*no-such/,
  ],
  [
    "a part of Node",
    "WE_JAVASCRIPT_NODE_IMPORT",
    { "agent.ts": `import "node:fs";` },
    /^agent\.ts:1:8: node:fs is part of Node/,
  ],
  [
    "a part of Node in another file",
    "WE_JAVASCRIPT_NODE_IMPORT",
    { "agent.ts": `import "./lib/io.js";`, "lib/io.ts": `// reads\nimport fs from "fs";\nfs;` },
    /^lib\/io\.ts:2:16: fs is part of Node/,
  ],
  [
    "an error while loading",
    "WE_JAVASCRIPT_LOAD",
    { "agent.ts": `\n\nconst x: any = 1;\nx.y.z;` },
    /agent\.ts:4/,
  ],
  [
    "waiting at the top level",
    "WE_JAVASCRIPT_LOAD",
    { "agent.ts": `await new Promise(() => {});` },
    /waits for something/,
  ],
  ["no agent", "WE_JAVASCRIPT_LOAD", { "agent.ts": `export {};` }, /does not call defineAgent/],
];
for (const [what, code, files, message] of unbuildable) {
  test(`[G10] a build that fails says where: ${what}`, async (context) => {
    const folder = folderWith(context, files);
    await assert.rejects(buildAgent({ entry: join(folder, "agent.ts") }), { code, message });
  });
}

test("the first of many complaints is the message, the others are kept", async (context) => {
  const folder = folderWith(context, { "agent.ts": `import "./a.js";\nimport "./b.js";` });
  await assert.rejects(buildAgent({ entry: join(folder, "agent.ts") }), (error) => {
    const { details } = error as { details: { others: string } }; // coded
    return /^agent\.ts:2:8: .*b\.js/.test(details.others);
  });
});

test("files, JSON, texts and packages become one script; what is not used is left out", async (context) => {
  const folder = folderWith(context, {
    "agent.ts": `import { defineAgent } from "wasm-engine/agent";
import { parse, stringify } from "yaml";
import prompt from "./prompt.md";
import limits from "./limits.json";
import { Level, used } from "./lib.js";
defineAgent({ onMessage: (_, ctx) => ctx.log(prompt.trim(), limits.max, used(Level.High), parse("a: [1, 2]").a, stringify({ b: 1 })) });`,
    "lib.ts": `export enum Level { Low, High }
export const used = (level: Level): string => Level[level];
export const unused = "this is not in the bundle";`,
    "prompt.md": "Be brief.\n",
    "limits.json": `{ "max": 3 }`,
  });
  symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
  assert.deepEqual(await said(folder), ["Be brief. 3 High [1,2] b: 1\n"]);
  const { bytes, inputs } = await buildAgent({ entry: join(folder, "agent.ts") });
  const text = Buffer.from(bytes).toString("latin1");
  assert.ok(text.includes("Be brief.") && !text.includes("not in the bundle"));
  for (const name of ["agent.ts", "lib.ts", "prompt.md", "limits.json", "package.json", "tsconfig.json"])
    assert.ok(inputs.includes(join(folder, name)), name);
});

test("equal sources give equal bytes in every folder, whatever lies around them", async (context) => {
  const files: Files = {
    "index.ts": `import { defineAgent } from "wasm-engine/agent";
import common from "./common.cjs";
import { parse } from "yaml";
export default defineAgent({ onMessage: (_, ctx) => ctx.log(common.name, parse("1")) });`,
    "common.cjs": `module.exports = { name: "common" };`,
  };
  const first = folderWith(context, files);
  const outer = folderWith(context, { "other/name/readme.txt": "" });
  const second = join(outer, "other/name");
  for (const name of Object.keys(files)) cpSync(join(first, name), join(second, name));
  symlinkSync(join(repositoryRoot, "node_modules"), join(first, "node_modules"));
  // Found by climbing: another path to the same package.
  symlinkSync(join(repositoryRoot, "node_modules"), join(outer, "node_modules"));
  assert.deepEqual(await said(second, "index.ts"), ["common 1"]);
  const [one, two] = await Promise.all(
    [first, second].map(async (folder) => (await buildAgent({ entry: join(folder, "index.ts") })).bytes),
  );
  assert.ok(Buffer.from(one ?? []).equals(Buffer.from(two ?? [])));
  const map = parseSourceMap(
    Buffer.from(customSectionOf(one ?? new Uint8Array(), SOURCE_MAP_SECTION) ?? []).toString(),
  );
  assert.ok(map?.sources.includes("index.ts") && map.sources.includes("common.cjs"));
  for (const source of map?.sources ?? [])
    assert.match(source, /^(index\.ts|common\.cjs|node_modules\/yaml\/.*)$/);
  assert.ok(!Buffer.from(one ?? []).includes(first), "no path of this machine is in the module");
});

test("[G10] a bundler that does not start is told", { skip: process.platform === "win32" }, (context) => {
  const folder = folderWith(context, { "agent.ts": agentWith(""), esbuild: "#!/bin/sh\nexit 3\n" });
  chmodSync(join(folder, "esbuild"), 0o755);
  const program = `const { buildAgent } = await import(process.argv[1]);
    await buildAgent({ entry: process.argv[2] }).catch(({ code, message }) => console.log(code, message));`;
  const builder = import.meta.resolve("@wasm-engine/sdk-javascript");
  const said = execFileSync(
    process.execPath,
    ["--input-type=module", "-e", program, builder, join(folder, "agent.ts")],
    { encoding: "utf8", env: { ...process.env, ESBUILD_BINARY_PATH: join(folder, "esbuild") } },
  );
  assert.match(said, /^WE_JAVASCRIPT_BUNDLER The bundler esbuild does not run: /);
});

test("declared message types are in the manifest, those of schema libraries as far as they tell", async (context) => {
  const folder = folderWith(context, {
    "agent.ts": `import { defineAgent } from "wasm-engine/agent";
const told = { "~standard": { version: 1, vendor: "lib", validate: (value: unknown) => ({ value }), jsonSchema: { input: () => ({ type: "string" }) } } } as const;
const silent = { "~standard": { version: 1, vendor: "lib", validate: (value: unknown) => ({ value }) } } as const;
defineAgent({ messages: { question: { type: "object", required: ["text"] }, told, silent } });`,
  });
  for (const isCached of [false, true]) {
    const built = await buildModule(join(folder, "agent.ts"), { directory: folder });
    assert.equal(built.isCached, isCached);
    assert.deepEqual(built.manifest.messages, {
      question: { type: "object", required: ["text"] },
      told: { type: "string" },
      silent: { $comment: "checked inside the agent by lib" },
    });
  }
});
