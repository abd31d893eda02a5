/** Ceilings of signing keys: what m of n signers may vouch for together, also for children and for later inputs. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import { attachManifest, encodePublicKey, sign } from "@wasm-engine/wasm";
import { Engine } from "../client/engine.js";
import { loadConfig } from "../config/load-config.js";
import { ENGINE_DEFAULTS } from "../config/defaults.js";
import { generateKeyPair, nodeSignatureCrypto } from "../crypto/node-crypto.js";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { checkCeilings } from "./ceiling.js";
import type { Ceiling, Granted, ModuleAdmission } from "./ceiling.js";

const digest = "d".repeat(64) as ModuleDigest; // brand: test data
const childDigest = "c".repeat(64) as ModuleDigest; // brand: test data
const modules = { own: digest, child: childDigest, "child.other": "e".repeat(64) as ModuleDigest }; // brand: test data

function admission(threshold: number, ...ceilings: readonly (Ceiling | undefined)[]): ModuleAdmission {
  const signers = ceilings.map((ceiling, index) => {
    return { name: `k${index}`, keyId: `${index}`, ...(ceiling === undefined ? {} : { ceiling }) };
  });
  return { module: "own", digest, by: "signature", threshold, signers };
}

function agent(grants: Partial<Granted["capabilities"]>, limits: Partial<Granted["limits"]> = {}) {
  const capabilities = { send: [], topics: [], models: [], tools: [], spawn: [], ...grants };
  const id = "a" as AgentId; // brand: test data
  return { id, module: digest, capabilities, limits: { ...ENGINE_DEFAULTS.limits, ...limits } };
}

function refusal(
  admissions: readonly ModuleAdmission[],
  granted: ReturnType<typeof agent>,
): string | undefined {
  try {
    checkCeilings(admissions, modules, granted);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
}

test("[G5] without ceilings everything may be granted; an empty ceiling allows nothing", () => {
  assert.equal(refusal([admission(1, undefined)], agent({ send: ["*"], tools: ["t"] })), undefined);
  assert.match(refusal([admission(1, {})], agent({ tools: ["t"] })) ?? "", /tools "t".*0 of the 1 .*key k0/);
  assert.equal(refusal([admission(1, {})], agent({})), undefined);
});

test("[G5] a grant is within a ceiling where every name that it could mean is", () => {
  const ceiling = [admission(1, { topics: ["score.*", "word"] })];
  for (const topic of ["score.", "score.a", "score.*", "score.a*", "word"])
    assert.equal(refusal(ceiling, agent({ topics: [topic] })), undefined, topic);
  for (const topic of ["*", "score", "score*", "s*", "word*", "words"])
    assert.match(refusal(ceiling, agent({ topics: [topic] })) ?? "", /Agent a is granted topics/, topic);
});

test("[G5] with m of n, m signers must allow it; one more signature never takes away", () => {
  const wide: Ceiling = { send: ["x", "y"], limits: { memoryBytes: 1 << 30 } };
  const narrow: Ceiling = { send: ["x"] };
  const x = agent({ send: ["x"] });
  const y = agent({ send: ["x", "y"] });
  assert.equal(refusal([admission(2, wide, narrow)], x), undefined);
  assert.match(refusal([admission(2, wide, narrow)], y) ?? "", /send "y", but only 1 of the 2 signers/);
  assert.equal(refusal([admission(1, wide, narrow)], y), undefined, "one of two: the wider one vouches");
  assert.equal(refusal([admission(2, wide, narrow, undefined)], y), undefined);
  assert.equal(refusal([admission(2, wide, narrow, {})], x), undefined);
});

test("[G5] limits are bounded alike", () => {
  const bounds = (memoryBytes: number): Ceiling => ({ limits: { memoryBytes } });
  const big = agent({}, { memoryBytes: 1 << 24 });
  assert.match(
    refusal([admission(2, bounds(1 << 24), bounds(1 << 20))], big) ?? "",
    /limits\.memoryBytes 16777216, but only 1 of the 2/,
  );
  assert.equal(refusal([admission(2, bounds(1 << 24), bounds(1 << 20), bounds(1 << 25))], big), undefined);
});

test("[G5] an agent that may start children of a module passes on at most what that module's ceiling allows", () => {
  const child = { ...admission(1, { send: ["x"] }), module: "child", digest: childDigest };
  const free = admission(1, undefined);
  assert.equal(refusal([free, child], agent({ send: ["*"], spawn: ["own"] })), undefined);
  const message = refusal([free, child], agent({ send: ["*"], spawn: ["chi*"] })) ?? "";
  assert.match(message, /Agent a may start children of the module and pass on send "\*".*module child/);
  const alsoSpawn = refusal([free, child], agent({ send: ["x"], spawn: ["child"] })) ?? "";
  assert.match(alsoSpawn, /pass on spawn "child"/, "the child could start children in turn");
  const trusting = {
    ...admission(1, { send: ["x"], spawn: ["child"] }),
    module: "child",
    digest: childDigest,
  };
  assert.equal(refusal([free, trusting], agent({ send: ["x"], spawn: ["child"] })), undefined);
});

test("[G5] one module under two names is held to the ceilings of both", () => {
  const other = { ...admission(1, { send: ["x"] }), module: "copy" };
  assert.match(refusal([admission(1, undefined), other], agent({ send: ["y"] })) ?? "", /module copy/);
});

test("[G5] agents that are started or upgraded later are held to the ceilings, after a resume too", async (context) => {
  const pair = generateKeyPair();
  const name = { version: "1.0.0", abi: { major: 1, minor: 0 }, capabilities: [] };
  const plain = await assemble(smallAgentText());
  const bound = attachManifest(plain, { name: "bound", ...name });
  const directory = projectFolder(context, {
    "bound.wasm": sign(bound, pair.secretKey, nodeSignatureCrypto),
    "free.wasm": attachManifest(plain, { name: "free", ...name }),
    "key.pub": encodePublicKey(pair.publicKey),
    "engine.yaml": `version: 1
name: w
modules: { bound: bound.wasm, free: free.wasm }
agents: [{ id: a, module: free, capabilities: { send: ["*"] } }]
trust: { allowUnsigned: true, keys: { k: { key: key.pub, ceiling: { topics: [t] } } } }
`,
  });
  const { world: resolved } = await loadConfig(directory);
  const dir = join(directory, "run");
  const refused = { code: "WE_CAPABILITY_CEILING", exitCode: 2, message: /module bound.*key k/ };
  const attempts = async (world: Awaited<ReturnType<typeof Engine.open>>, id: string): Promise<void> => {
    await assert.rejects(world.spawnAgent({ id, module: "bound", capabilities: { tools: ["x"] } }), refused);
    await assert.rejects(world.upgradeAgent("a", "bound"), refused);
    await assert.rejects(world.upgradeAgent("unborn", "bound"), { code: "WE_AGENT_UNKNOWN" });
    assert.equal(await world.spawnAgent({ id, module: "bound", capabilities: { topics: ["t"] } }), id);
  };
  for (const id of ["b", "c"]) {
    const isNew = id === "b";
    await using world = await Engine.open(isNew ? resolved : dir, {
      isolation: "inline",
      ...(isNew ? { dir } : { resume: true }),
    });
    await attempts(world, id);
  }
});
