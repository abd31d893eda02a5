/** Building and admitting modules: reproducible, signed, and one coded error for everything that is wrong. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { attachManifest, detachSignature, encodePublicKey, readManifest, sign } from "@wasm-engine/wasm";
import type { Manifest } from "@wasm-engine/wasm";
import { Engine } from "../client/engine.js";
import { loadConfig } from "../config/load-config.js";
import { generateKeyPair, nodeSignatureCrypto, sha256Hex } from "../crypto/node-crypto.js";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { buildModule } from "./build-module.js";
import { loadModules } from "./load-modules.js";
import type { AdmittedModule } from "./admission.js";
import { PREPARED_VARIABLE } from "./shared-folder.js";

// Projects of a whole run share builds; these are built, each by itself.
delete process.env[PREPARED_VARIABLE];

const importPublish = '(import "wasm_engine" "publish" (func (param i32) (result i32)))';

const assemblyScript = `
import { Agent, JsonWriter, Message, publish, run } from "wasm-engine/assemblyscript";
export * from "wasm-engine/assemblyscript/entry";
import { double } from "./lib/double";
class Doubler extends Agent {
  onMessage(message: Message): void {
    publish("out", new JsonWriter().number("x", double(message.json.number("x"))));
  }
}
run(new Doubler());
`;
const double = "export function double(x: f64): f64 { assert(x == x, 'not a number'); return x * 2; }\n";
const sources = { "agents/doubler.ts": assemblyScript, "agents/lib/double.ts": double };

async function load(
  directory: string,
  file: string,
  options: { keys?: string[]; allowUnsigned?: boolean; digest?: string } = {},
): Promise<AdmittedModule> {
  const { keys = [], allowUnsigned = false, digest } = options;
  const request = { name: "m", path: join(directory, file), ...(digest === undefined ? {} : { digest }) };
  const trusted = keys.map((entry) => ({ name: entry, entry, path: join(directory, entry) }));
  const modules = await loadModules([request], { directory, keys: trusted, allowUnsigned });
  const module = modules.get("m");
  assert.ok(module !== undefined);
  return module;
}

function manifest(extra: Partial<Manifest> = {}): Manifest {
  return { name: "m", version: "1.0.0", abi: { major: 1, minor: 0 }, capabilities: [], ...extra };
}

/** A project with a signed module `m.wasm` and the signer's public key `signer.pub`. */
async function signedProject(
  context: TestContext,
  extra: Partial<Manifest> = {},
): Promise<{ directory: string; bytes: Uint8Array }> {
  const pair = generateKeyPair();
  const module = attachManifest(await assemble(smallAgentText()), manifest(extra));
  const bytes = sign(module, pair.secretKey, nodeSignatureCrypto);
  const files = { "m.wasm": bytes, "signer.pub": encodePublicKey(pair.publicKey) };
  return { directory: projectFolder(context, files), bytes };
}

test("[S14.build] AssemblyScript builds reproducibly, wherever the project stands", async (context) => {
  const first = projectFolder(context, sources);
  const second = join(projectFolder(context), "another", "place");
  const built = await buildModule(join(first, "agents/doubler.ts"), { directory: first });
  const other = projectFolder(context, { ...sources });
  const again = await buildModule(join(other, "agents/doubler.ts"), { directory: other });
  assert.equal(built.digest, again.digest);
  assert.notDeepEqual(built.bytes, again.bytes, "each project signs with its own key");
  assert.equal(built.path, join(first, ".wasm-engine/build/doubler.wasm"));
  assert.deepEqual(built.manifest.capabilities, ["topics"]);
  assert.deepEqual(readManifest(built.bytes), built.manifest);
  assert.ok(!existsSync(second));
  const admitted = await load(first, "agents/doubler.ts");
  assert.equal(admitted.manifest.name, "m");
});

const cSource = `#include "wasm_engine.h"
#define EXPORT(name) __attribute__((export_name(name)))
static unsigned char region[64];
EXPORT("agent_alloc") unsigned char *agent_alloc(int size) { return size > 64 ? 0 : region; }
EXPORT("agent_init") int agent_init(void) { return (int)sizeof(__FILE__); }
EXPORT("agent_step") int agent_step(int context) { return context * 0; }
EXPORT("agent_receive") int agent_receive(int message) { return message * 0; }
EXPORT("agent_shutdown") int agent_shutdown(void) { return 0; }
`;
const reproducible: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "agents/doubler.ts": sources,
  "agents/counter.js": {
    "agents/counter.js": `import { defineAgent } from "wasm-engine/agent";
import { step } from "./lib/step.js";
defineAgent({ state: { n: 0 }, onMessage(message, ctx) { ctx.publish("out", { n: (ctx.state.n += step) }); } });
`,
    "agents/lib/step.js": "export const step = 2;\n",
  },
  ...(spawnSync("clang-14", ["--version"]).status === 0
    ? { "agents/plain.c": { "agents/plain.c": cSource } }
    : {}),
};
for (const [file, files] of Object.entries(reproducible)) {
  test(`[S14.build] two folders, two keys: equal bytes but for the signature (${extname(file)})`, async (context) => {
    const first = projectFolder(context, files);
    const second = join(projectFolder(context), "with a space", "and-a-much-longer-absolute-path");
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(second, name)), { recursive: true });
      writeFileSync(join(second, name), text);
    }
    const [one, two] = await Promise.all(
      [first, second].map((directory) => buildModule(join(directory, file), { directory })),
    );
    assert.ok(one !== undefined && two !== undefined);
    assert.notDeepEqual(one.bytes, two.bytes, "each project signs with its own key");
    const [plain, other] = [detachSignature(one.bytes).module, detachSignature(two.bytes).module];
    assert.deepEqual(plain, other);
    assert.equal(sha256Hex(plain), one.digest, "the digest that is printed is the hash of these bytes");
    assert.ok(!Buffer.from(plain).includes(first), "no absolute path shows");
  });
}

test("[S14.build] a build is taken from the cache until a source changes, an imported one too", async (context) => {
  const directory = projectFolder(context, sources);
  const build = (): ReturnType<typeof buildModule> =>
    buildModule(join(directory, "agents/doubler.ts"), { directory });
  const first = await build();
  const second = await build();
  assert.deepEqual([first.isCached, second.isCached], [false, true]);
  assert.equal(second.digest, first.digest);
  writeFileSync(join(directory, "agents/lib/double.ts"), double.replace("x * 2", "x * 3"));
  const third = await build();
  assert.equal(third.isCached, false);
  assert.notEqual(third.digest, first.digest);
  writeFileSync(join(directory, "agents/lib/double.ts"), double);
  assert.equal((await build()).digest, first.digest);
});

test("[S14.build] JavaScript and TypeScript agents build through their SDK, reproducibly", async (context) => {
  const source = `import { defineAgent } from "wasm-engine/agent";
defineAgent({ state: { n: 0 }, onMessage(message, ctx) { ctx.publish("out", { n: (ctx.state.n += 1) }); } });
`;
  const typed = source.replace("message, ctx", "message: unknown, ctx: any");
  const digests = [];
  for (const file of ["a.js", "a.js", "a.ts"]) {
    const directory = projectFolder(context, { [file]: file.endsWith("ts") ? typed : source });
    const built = await buildModule(join(directory, file), { directory });
    assert.equal(built.isCached, false);
    assert.equal((await buildModule(join(directory, file), { directory })).isCached, true);
    digests.push(built.digest);
    assert.equal((await load(directory, file)).manifest.abi.major, 1);
  }
  assert.equal(digests[0], digests[1]);
});

test("[S14.build] C is compiled by the clang that is found; included files count for the cache", async (context) => {
  const wasm = await assemble(smallAgentText());
  const directory = projectFolder(context, {
    "a.c": '#include "part.h"\n',
    "part.h": "",
    "out.wasm": wasm,
    "path/x": "",
  });
  // A stand-in for the compiler: it writes what clang writes, and notes how it was called.
  const compiler = `#!${process.execPath}
const { copyFileSync, appendFileSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
if (args[0] === "--version") { console.log("clang version 15.0.0"); process.exit(0); }
appendFileSync(${JSON.stringify(join(directory, "calls"))}, args.join(" ") + "\\n");
writeFileSync(args[args.indexOf("-MF") + 1], "agent: a.c \\\\\\n  part.h\\n");
copyFileSync(${JSON.stringify(join(directory, "out.wasm"))}, args[args.indexOf("-o") + 1]);
`;
  writeFileSync(join(directory, "path/clang-15"), compiler, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = join(directory, "path");
  context.after(() => (process.env.PATH = path));
  const build = (): ReturnType<typeof buildModule> => buildModule(join(directory, "a.c"), { directory });
  assert.deepEqual([(await build()).isCached, (await build()).isCached], [false, true]);
  writeFileSync(join(directory, "part.h"), "int x;");
  assert.equal((await build()).isCached, false);
  const calls = readFileSync(join(directory, "calls"), "utf8").trim().split("\n");
  assert.equal(calls.length, 2);
  assert.match(calls[0] ?? "", /--target=wasm32 .*-nostdlib .*-Wl,--no-entry .*sdk.c .* a\.c -o /);
});

test("the development key is made once, for its owner only", async (context) => {
  const directory = projectFolder(context, { "m.wasm": await assemble(smallAgentText()) });
  await buildModule(join(directory, "m.wasm"), {
    directory,
    name: "signed",
    output: join(directory, "signed.wasm"),
  });
  const path = join(directory, ".wasm-engine/keys/development.key");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const key = readFileSync(path);
  assert.equal((await load(directory, "signed.wasm")).manifest.name, "signed");
  assert.deepEqual(readFileSync(path), key);
  assert.equal(readFileSync(join(directory, ".wasm-engine/.gitignore"), "utf8"), "*\n");
});

test("[G10] sources that cannot be built: one coded error each", async (context) => {
  const directory = projectFolder(context, {
    "bad.ts": "export function f(): i32 { return nothing; }\n",
    "agent.py": "print(1)\n",
    "no-entry.wasm": await assemble('(module (memory (export "memory") 1))'),
    "m.js": "export const agent = 1;\n",
  });
  const build = (file: string): Promise<unknown> => buildModule(join(directory, file), { directory });
  await assert.rejects(build("bad.ts"), { code: "WE_BUILD_FAILED", message: /nothing.*bad\.ts:1:35/ });
  await assert.rejects(build("agent.py"), { code: "WE_BUILD_SOURCE_KIND" });
  await assert.rejects(build("none.ts"), { code: "WE_BUILD_SOURCE_MISSING" });
  await assert.rejects(build("no-entry.wasm"), { code: "WE_MODULE_EXPORT_MISSING", message: /no-entry/ });
});

test("[G10] a compiler that is not installed is named with the command that installs it", async (context) => {
  const directory = projectFolder(context, { "a.c": "int f(void) { return 1; }\n" });
  const path = process.env.PATH;
  process.env.PATH = directory;
  context.after(() => (process.env.PATH = path));
  const expected = {
    code: "WE_BUILD_TOOL_MISSING",
    message: /clang/,
    hint: /apt-get install .*clang-14 lld-14/,
  };
  await assert.rejects(buildModule(join(directory, "a.c"), { directory }), expected);
});

test("[G10] unsigned, signed by a stranger, signed by a trusted key", async (context) => {
  const { directory, bytes } = await signedProject(context);
  writeFileSync(join(directory, "unsigned.wasm"), await assemble(smallAgentText()));
  await assert.rejects(load(directory, "unsigned.wasm"), {
    code: "WE_SIGNATURE_MISSING",
    message: /"m".*unsigned\.wasm/,
    hint: /wasm-engine build /,
  });
  await assert.rejects(load(directory, "m.wasm"), { code: "WE_SIGNATURE_UNTRUSTED", hint: /trust\.keys/ });
  const trusted = await load(directory, "m.wasm", { keys: ["signer.pub"] });
  assert.deepEqual([trusted.admission.by, trusted.admission.signers[0]?.name], ["signature", "signer.pub"]);
  assert.deepEqual(trusted.bytes, bytes);
  const hex = readFileSync(join(directory, "signer.pub")).subarray(1).toString("hex");
  assert.equal((await load(directory, "m.wasm", { keys: [hex] })).digest, trusted.digest);
  assert.equal((await load(directory, "unsigned.wasm", { allowUnsigned: true })).admission.by, "unsigned");
  await assert.rejects(load(directory, "m.wasm", { allowUnsigned: true }), {
    code: "WE_SIGNATURE_UNTRUSTED",
  });
});

test("[G10] a tampered module is refused at every byte", async (context) => {
  const { directory, bytes } = await signedProject(context);
  let refused = 0;
  for (let offset = 0; offset < bytes.length; offset++) {
    const changed = Uint8Array.from(bytes);
    changed[offset] = (changed[offset] ?? 0) ^ 0x01;
    writeFileSync(join(directory, "t.wasm"), changed);
    // The key id inside the signature is a hint that nothing relies on; everything else must fail.
    const isAccepted = await load(directory, "t.wasm", { keys: ["signer.pub"] }).then(
      () => true,
      () => false,
    );
    if (!isAccepted) refused += 1;
  }
  assert.ok(refused >= bytes.length - 12, `${refused} of ${bytes.length} refused`);
});

test("[G10] wrong ABI version, malformed module, foreign imports: one coded error each", async (context) => {
  const directory = projectFolder(context, {
    "text.wasm": "(module)",
    "empty.wasm": "",
    "wasi.wasm": await assemble(smallAgentText('(import "wasi_snapshot_preview1" "fd_write" (func))')),
    "abi.wasm": attachManifest(await assemble(smallAgentText()), manifest({ abi: { major: 2, minor: 0 } })),
    "truncated.wasm": (await assemble(smallAgentText())).subarray(0, 40),
  });
  const allow = { allowUnsigned: true };
  await assert.rejects(load(directory, "text.wasm", allow), { code: "WE_MODULE_HEADER" });
  await assert.rejects(load(directory, "empty.wasm", allow), { code: "WE_MODULE_HEADER" });
  await assert.rejects(load(directory, "wasi.wasm", allow), {
    code: "WE_MODULE_IMPORT_UNKNOWN",
    message: /fd_write/,
  });
  await assert.rejects(load(directory, "abi.wasm", allow), {
    code: "WE_MANIFEST_ABI_VERSION",
    message: /2\.0.*1\.0/,
  });
  await assert.rejects(load(directory, "truncated.wasm", allow), { code: "WE_MODULE_MALFORMED" });
});

test("a pinned digest stands for a signature, and refuses every other module", async (context) => {
  const directory = projectFolder(context, { "m.wasm": await assemble(smallAgentText()) });
  const { digest } = await load(directory, "m.wasm", { allowUnsigned: true });
  assert.equal((await load(directory, "m.wasm", { digest })).admission.by, "pin");
  writeFileSync(join(directory, "m.wasm"), await assemble(smallAgentText("(global i32 (i32.const 1))")));
  await assert.rejects(load(directory, "m.wasm", { digest }), { code: "WE_SIGNATURE_MISSING" });
  const expected = { code: "WE_MODULE_PINNED", message: new RegExp(digest) };
  await assert.rejects(load(directory, "m.wasm", { digest, allowUnsigned: true }), expected);
});

test("[G10] keys that are none: missing file, secret key, rubbish", async (context) => {
  const { directory } = await signedProject(context);
  const secret = Uint8Array.from([0x81, ...generateKeyPair().secretKey]);
  writeFileSync(join(directory, "secret.key"), secret);
  writeFileSync(join(directory, "rubbish.pub"), "rubbish");
  for (const key of ["none.pub", "secret.key", "rubbish.pub", "00".repeat(32)]) {
    await assert.rejects(load(directory, "m.wasm", { keys: [key] }), { code: "WE_TRUST_KEY" }, key);
  }
});

test("[G5] a module is linked only to agents that were granted what it imports", async (context) => {
  const config = (capabilities: string): string =>
    `version: 1\nname: w\nmodules: { m: m.wasm }\nagents: [{ id: a, module: m, capabilities: {${capabilities}} }]\n`;
  const directory = projectFolder(context, { "m.wasm": await assemble(smallAgentText(importPublish)) });
  const attempt = (capabilities: string): Promise<unknown> => {
    writeFileSync(join(directory, "engine.yaml"), config(capabilities));
    return loadConfig(directory, { allowUnsigned: true });
  };
  await assert.rejects(attempt(" send: ['*'] "), {
    code: "WE_CAPABILITY_MISSING",
    message: /Agent a lacks the capability topics, which module m needs to import publish/,
  });
  await attempt(" topics: [out] ");
});

test("[G5] a module is linked only to agents whose limits suffice for its manifest", async (context) => {
  const manifest = { name: "m", version: "1", abi: { major: 1, minor: 0 }, capabilities: [] };
  const limits = { fuelPerSlice: 5_000, memoryBytes: 131_072 };
  const bytes = attachManifest(await assemble(smallAgentText()), { ...manifest, limits });
  const directory = projectFolder(context, { "m.wasm": bytes });
  const attempt = (text: string): Promise<unknown> => {
    const agent = `{ id: a, module: m, limits: { ${text} } }`;
    writeFileSync(
      join(directory, "engine.yaml"),
      `version: 1\nname: w\nmodules: { m: m.wasm }\nagents: [${agent}]\n`,
    );
    return loadConfig(directory, { allowUnsigned: true });
  };
  await attempt("fuelPerSlice: 5000, memoryBytes: 131072");
  const refused = { code: "WE_LIMIT_BELOW_MANIFEST", exitCode: 2 };
  const memory = { ...refused, message: /memoryBytes 65536, but the manifest of module m asks for 131072/ };
  await assert.rejects(attempt("fuelPerSlice: 5000, memoryBytes: 65536"), memory);
  const fuel = { ...refused, message: /fuelPerSlice 4999, but .* asks for 5000/ };
  await assert.rejects(attempt("fuelPerSlice: 4999, memoryBytes: 131072"), fuel);
});

test("[G5] agents that are started or upgraded later have limits that suffice, after a resume too", async (context) => {
  const manifest = { version: "1", abi: { major: 1, minor: 0 }, capabilities: [] };
  const limits = { memoryBytes: 131_072 };
  const plain = await assemble(smallAgentText());
  const agent = "{ id: a, module: small, limits: { memoryBytes: 65536 } }";
  const parent = "{ id: p, module: small, limits: { memoryBytes: 65536 }, capabilities: { spawn: [large] } }";
  const text = (agents: string): string =>
    `version: 1\nname: w\nmodules: { small: small.wasm, large: large.wasm }\nagents: [${agents}]\n`;
  const directory = projectFolder(context, {
    "small.wasm": attachManifest(plain, { name: "small", ...manifest }),
    "large.wasm": attachManifest(plain, { name: "large", ...manifest, limits }),
    "engine.yaml": text(`${agent}, ${parent}`),
  });
  const refused = { code: "WE_LIMIT_BELOW_MANIFEST", exitCode: 2, message: /module large asks for 131072/ };
  await assert.rejects(loadConfig(directory, { allowUnsigned: true }), {
    ...refused,
    message: /p, which may start/,
  });
  writeFileSync(join(directory, "engine.yaml"), text(agent));
  const { world: resolved } = await loadConfig(directory, { allowUnsigned: true });
  // Children that guests start are checked by the world itself, which is told what the manifest asks for.
  const large = resolved.genesis.modules["large"] ?? "";
  assert.deepEqual(resolved.genesis.moduleLimits, { [large]: { fuelPerSlice: 0, memoryBytes: 131_072 } });
  const dir = join(directory, "run");
  for (const id of ["b", "c"]) {
    const how = id === "b" ? { dir } : { resume: true };
    await using world = await Engine.open(id === "b" ? resolved : dir, { isolation: "inline", ...how });
    const spec = { id, module: "large" };
    await assert.rejects(world.spawnAgent({ ...spec, limits: { memoryBytes: 65_536 } }), refused);
    await assert.rejects(world.upgradeAgent("a", "large"), refused);
    assert.equal(await world.spawnAgent({ ...spec, limits: { memoryBytes: 131_072 } }), id);
  }
});
