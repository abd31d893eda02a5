/** keygen, sign, verify and `trust` of engine.yaml, through real files and the command line. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readSignatures } from "@wasm-engine/wasm";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

let project: Project;
const names = ["vendor", "audit", "quality", "stranger"] as const;
before(async () => {
  project = await echoProject();
  for (const name of names) {
    const made = project.cli("keygen", "--out", "keys", "--name", name, "--json");
    assert.equal(made.code, 0, made.stderr);
  }
  signed("one.wasm", "vendor");
  signed("two.wasm", "vendor", "audit");
});
after(() => project.remove());

const secret = (name: string): readonly string[] => ["--key", `keys/${name}.key`];
const publicKeys = (...keys: readonly string[]): string[] =>
  keys.flatMap((name) => ["--key", `keys/${name}.pub`]);

function signed(out: string, ...keys: readonly string[]): Result {
  const result = project.cli("sign", "echo.wasm", ...keys.flatMap(secret), "--out", out, "--json");
  assert.equal(result.code, 0, result.stderr);
  return result;
}

function errorOf({ document }: Result): { code?: string; message?: string; hint?: string } {
  return document["error"] ?? {}; // the contract of --json
}

function namesOf(list: unknown): string[] {
  return (list as { name: string }[]).map(({ name }) => name.replace(/^keys\/|\.pub$/g, "")); // DESIGN §14
}

const bytesOf = (name: string): Buffer => readFileSync(join(project.folder, name));

test("keygen makes a pair for its owner only, says its id and never overwrites [S14.keygen]", () => {
  const made = project.cli("keygen", "--out", "own", "--json");
  const { keyId, publicKey, secretKeyFile, publicKeyFile } = made.document;
  assert.match(String(keyId), /^[0-9a-f]{24}$/);
  assert.equal(secretKeyFile, join(project.folder, "own/signing.key"));
  assert.equal(statSync(String(secretKeyFile)).mode & 0o777, 0o600);
  const file = readFileSync(String(publicKeyFile));
  assert.deepEqual([file.length, file[0], file.subarray(1).toString("hex")], [33, 1, publicKey]);
  const before = bytesOf("own/signing.key");
  assert.deepEqual([before.length, before[0]], [65, 0x81]);
  const again = project.cli("keygen", "--out", "own", "--json");
  assert.deepEqual([again.code, errorOf(again).code], [2, "WE_KEY_EXISTS"]);
  assert.deepEqual(bytesOf("own/signing.key"), before);
  const asFile = project.cli("keygen", "--out", "own/second.key", "--json");
  assert.equal(asFile.document["publicKeyFile"], join(project.folder, "own/second.pub"));
  assert.equal(errorOf(project.cli("keygen", "--name", "../up", "--json")).code, "WE_CLI_USAGE");
  const blocked = project.cli("keygen", "--out", "echo.wasm/keys", "--json");
  assert.deepEqual([blocked.code, errorOf(blocked).code], [4, "WE_KEY_UNWRITABLE"]);
});

test("signing keeps the digest; verify says who signed and who did not [S14.sign] [S14.verify]", () => {
  const one = signed("a.wasm", "vendor");
  const two = project.cli("sign", "a.wasm", ...secret("audit"), "--json");
  assert.deepEqual([one.document["signatures"], two.document["signatures"]], [1, 2]);
  assert.equal(two.document["digest"], one.document["digest"]);
  assert.deepEqual(bytesOf("a.wasm"), bytesOf("two.wasm"), "one by one or both at once");
  const all = project.cli("verify", "a.wasm", ...publicKeys("vendor", "audit"), "--json");
  assert.equal(all.code, 0, all.stderr);
  assert.deepEqual(
    [all.document["ok"], all.document["digest"], namesOf(all.document["signers"]), all.document["missing"]],
    [true, one.document["digest"], ["vendor", "audit"], []],
  );
  const more = project.cli("verify", "a.wasm", ...publicKeys("vendor", "audit", "quality"), "--json");
  assert.deepEqual([more.code, errorOf(more).code], [3, "WE_SIGNATURE_THRESHOLD"]);
  assert.match(errorOf(more).message ?? "", /2 of the 3 keys .*missing: .*quality/);
  assert.deepEqual(namesOf(more.document["missing"]), ["quality"]);
});

test("two of three is reached with two, not with one, nor with one key twice [S14.verify]", () => {
  const three = publicKeys("vendor", "audit", "quality");
  const reached = project.cli("verify", "two.wasm", ...three, "--threshold", "2", "--json");
  assert.equal(reached.code, 0, reached.stderr);
  assert.deepEqual(namesOf(reached.document["missing"]), ["quality"]);
  const short = project.cli("verify", "one.wasm", ...three, "--threshold", "2", "--json");
  assert.deepEqual([short.code, errorOf(short).code], [3, "WE_SIGNATURE_THRESHOLD"]);
  const hex = bytesOf("keys/vendor.pub").subarray(1).toString("hex");
  const twice = project.cli(
    "verify",
    "one.wasm",
    ...publicKeys("vendor"),
    "--key",
    hex,
    "--threshold",
    "2",
    "--json",
  );
  assert.deepEqual([twice.code, errorOf(twice).code], [2, "WE_TRUST_THRESHOLD"]);
  assert.equal(project.cli("verify", "one.wasm", ...publicKeys("vendor"), "--key", hex).code, 0);
  const again = project.cli("sign", "one.wasm", ...secret("vendor"), "--out", "again.wasm", "--json");
  assert.equal(errorOf(again).code, "WE_SIGNATURE_DUPLICATE");
});

test("two signatures of one key under two ids are one signer [G10] [S14.verify]", () => {
  const bytes = bytesOf("one.wasm");
  // Payload: 3 bytes prefix, list count, list bytes, hash count, hash, signature count, record bytes, record.
  const [record] = readSignatures(bytes)[0]?.signatures ?? [];
  assert.ok(record !== undefined);
  const other = Uint8Array.from(record.raw);
  other[1] = (other[1] ?? 0) ^ 0xff;
  const at = Buffer.from(bytes).indexOf(record.raw);
  const doubled = Buffer.concat([
    bytes.subarray(0, at + record.raw.length),
    Uint8Array.of(other.length),
    other,
    bytes.subarray(at + record.raw.length),
  ]);
  doubled[at - 2] = 2;
  // Sizes that grew: the section's (bytes 9 and 10) and the list's (two bytes before the hash count).
  const section = at + record.raw.length + 1 + other.length - 11;
  doubled.set([(section & 0x7f) | 0x80, section >> 7], 9);
  const grown = lists(doubled, at);
  project.write("doubled.wasm", grown);
  assert.equal(readSignatures(grown)[0]?.signatures.length, 2);
  const verified = project.cli(
    "verify",
    "doubled.wasm",
    ...publicKeys("vendor", "audit"),
    "--threshold",
    "2",
    "--json",
  );
  assert.deepEqual([verified.code, errorOf(verified).code], [3, "WE_SIGNATURE_THRESHOLD"]);
  assert.deepEqual(namesOf(verified.document["signers"]), ["vendor"]);
  const one = project.cli("verify", "doubled.wasm", ...publicKeys("vendor"), "--json");
  assert.equal(one.code, 0, one.stderr);
});

/** The list's size is one byte with one signature and two with two: makes room for it, in its frame too. */
function lists(bytes: Buffer, recordAt: number): Uint8Array {
  const sizeAt = recordAt - 2 - 32 - 2;
  const size = bytes.length;
  const after = bytes.subarray(sizeAt + 1);
  const end = signatureEnd(bytes);
  const list = end - (sizeAt + 1);
  const section = end - 11 + 1;
  assert.ok(list > 0x7f && list < 0x4000 && size > end);
  const grown = Buffer.concat([
    bytes.subarray(0, sizeAt),
    Uint8Array.of((list & 0x7f) | 0x80, list >> 7),
    after,
  ]);
  grown.set([(section & 0x7f) | 0x80, section >> 7], 9);
  return grown;
}

function signatureEnd(bytes: Buffer): number {
  return 11 + ((bytes[9] ?? 0) & 0x7f) + ((bytes[10] ?? 0) << 7);
}

test("a detached signature verifies its module and no other, and takes further signatures [S14.sign]", () => {
  const first = project.cli("sign", "echo.wasm", ...secret("vendor"), "--detached", "--json");
  assert.equal(first.document["path"], join(project.folder, "echo.wasm.sig"));
  const second = project.cli("sign", "echo.wasm", ...secret("audit"), "--detached", "--json");
  assert.equal(second.document["signatures"], 2);
  const signature = ["--signature", "echo.wasm.sig"];
  const both = project.cli("verify", "echo.wasm", ...publicKeys("vendor", "audit"), ...signature, "--json");
  assert.equal(both.code, 0, both.stderr);
  const plain = project.cli("verify", "echo.wasm", ...publicKeys("vendor"), "--json");
  assert.deepEqual([plain.code, errorOf(plain).code], [3, "WE_SIGNATURE_MISSING"]);
  const beside = project.cli("sign", "one.wasm", ...secret("audit"), "--detached", "--json");
  assert.deepEqual([beside.code, errorOf(beside).code], [2, "WE_SIGNATURE_EMBEDDED"]);
  const other = Buffer.from(bytesOf("echo.wasm"));
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  project.write("other.wasm", other);
  const changed = project.cli("verify", "other.wasm", ...publicKeys("vendor"), ...signature, "--json");
  assert.deepEqual([changed.code, errorOf(changed).code], [3, "WE_SIGNATURE_INVALID"]);
});

test("[G10] bad keys and modules: one coded error each [S14.sign] [S14.verify]", () => {
  project.write(
    "pem.key",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
  );
  project.write("large.key", new Uint8Array(100_000));
  project.write("cut.wasm", bytesOf("one.wasm").subarray(0, 400));
  project.write("head.wasm", bytesOf("echo.wasm").subarray(0, 8));
  const swapped = Buffer.concat([
    Uint8Array.of(0x81),
    bytesOf("keys/vendor.key").subarray(1, 33),
    bytesOf("keys/audit.pub").subarray(1),
  ]);
  project.write("swapped.key", swapped);
  const calls: readonly (readonly [readonly string[], number, string, RegExp])[] = [
    [["sign", "echo.wasm"], 2, "WE_CLI_USAGE", /--key/],
    [
      ["sign", "echo.wasm", "--key", "keys/vendor.pub"],
      2,
      "WE_SIGNATURE_KEY",
      /public key, a secret key is expected/,
    ],
    [["sign", "echo.wasm", "--key", "pem.key"], 2, "WE_SIGNATURE_KEY", /65 bytes/],
    [["sign", "echo.wasm", "--key", "large.key"], 2, "WE_SIGNATURE_KEY", /65 bytes/],
    [["sign", "echo.wasm", "--key", "swapped.key"], 2, "WE_SIGNATURE_KEY", /do not belong together/],
    [["sign", "echo.wasm", "--key", "none.key"], 4, "WE_KEY_READ", /none\.key/],
    [["sign", "cut.wasm", ...secret("audit")], 1, "WE_MODULE_MALFORMED", /./],
    [["sign", "head.wasm", ...secret("audit")], 1, "WE_MODULE_EXPORT_MISSING", /memory/],
    [
      ["verify", "one.wasm", "--key", "keys/vendor.key"],
      2,
      "WE_TRUST_KEY",
      /secret key, a public key is expected/,
    ],
    [["verify", "one.wasm", "--key", "pem.key"], 2, "WE_TRUST_KEY", /33 bytes/],
    [["verify", "one.wasm", "--key", "none.pub"], 2, "WE_TRUST_KEY", /none\.pub/],
    [["verify", "cut.wasm", ...publicKeys("vendor")], 1, "WE_MODULE_MALFORMED", /./],
    [["verify", "none.wasm", ...publicKeys("vendor")], 4, "WE_MODULE_READ", /none\.wasm/],
    [["verify", "one.wasm", "--threshold", "1"], 2, "WE_CLI_USAGE", /--threshold/],
    [
      ["verify", "one.wasm", ...publicKeys("vendor"), "--policy", "engine.yaml"],
      2,
      "WE_CLI_USAGE",
      /--policy/,
    ],
    [["verify", "one.wasm", ...publicKeys("stranger")], 3, "WE_SIGNATURE_UNTRUSTED", /none of the 1 trusted/],
  ];
  for (const [args, exit, code, message] of calls) {
    const result = project.cli(...args, "--json");
    assert.deepEqual([errorOf(result).code, result.code], [code, exit], args.join(" "));
    assert.match(errorOf(result).message ?? "", message);
  }
  chmodSync(join(project.folder, "keys/quality.key"), 0o644);
  const shared = project.cli("sign", "echo.wasm", ...secret("quality"), "--out", "shared.wasm");
  assert.match(shared.stderr, /others may read the secret key .*quality\.key/);
});

test("[G10] signatures cannot be bent: flipped, padded, moved, cut, sections swapped [S14.verify]", () => {
  const whole = bytesOf("one.wasm");
  const end = signatureEnd(whole);
  const [record] = readSignatures(whole)[0]?.signatures ?? [];
  const signature = Buffer.from(record?.signature ?? []);
  const at = whole.indexOf(signature);
  const body = whole.subarray(end);
  const [first, ...rest] = sectionsOf(body);
  assert.ok(first !== undefined && rest.length > 2);
  const flip = (offset: number): Buffer => {
    const bytes = Buffer.from(whole);
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x20;
    return bytes;
  };
  const variants: Readonly<Record<string, Uint8Array>> = {
    "first half of the signature": flip(at),
    "second half of the signature": flip(at + 40),
    "the hash": flip(at - 60),
    "the body": flip(whole.length - 5),
    "a signature whose scalar is not reduced": withScalar(whole, at),
    "a signature padded by a byte": Buffer.concat([whole.subarray(0, end), Uint8Array.of(0), body]),
    "sections swapped": Buffer.concat([whole.subarray(0, end), rest[0] ?? first, first, ...rest.slice(1)]),
    "the signature section last": Buffer.concat([whole.subarray(0, 8), body, whole.subarray(8, end)]),
    "the signature section twice": Buffer.concat([whole.subarray(0, end), whole.subarray(8, end), body]),
    "a custom section appended": Buffer.concat([whole, Uint8Array.of(0, 2, 1, 0x78)]),
    "the last section cut off": whole.subarray(0, whole.length - (rest.at(-1)?.length ?? 1)),
  };
  for (const [what, bytes] of Object.entries(variants)) {
    project.write("bent.wasm", bytes);
    const result = project.cli("verify", "bent.wasm", ...publicKeys("vendor"), "--json");
    assert.ok(result.code === 3 || result.code === 1, `${what}: ${result.stdout}`);
    assert.match(errorOf(result).code ?? "", /^WE_(SIGNATURE|MODULE)_/, what);
  }
});

/** Adds the group's order to the scalar S: a verifier that does not ask for the reduced form takes it as well. */
function withScalar(module: Buffer, at: number): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const bytes = Buffer.from(module);
  let scalar = order;
  for (let index = 0; index < 32; index++) scalar += BigInt(bytes[at + 32 + index] ?? 0) << BigInt(8 * index);
  for (let index = 0; index < 32; index++)
    bytes[at + 32 + index] = Number((scalar >> BigInt(8 * index)) & 0xffn);
  return bytes;
}

function sectionsOf(body: Uint8Array): Uint8Array[] {
  const sections: Uint8Array[] = [];
  for (let offset = 0; offset < body.length;) {
    let size = 0;
    let cursor = offset + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = body[cursor++] ?? 0;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    sections.push(body.subarray(offset, cursor + size));
    offset = cursor + size;
  }
  return sections;
}

/** engine.yaml with these modules and this policy; both agents may publish anywhere. */
function policyFile(name: string, module: string, trust: string): string {
  const text = bytesOf("engine.yaml").toString();
  const written = text.replace("./echo.wasm", module).replace("trust: { allowUnsigned: true }\n", trust);
  assert.ok(written.includes("trust:"));
  project.write(name, written);
  return name;
}

const threeKeys = "keys: { vendor: keys/vendor.pub, audit: keys/audit.pub, quality: keys/quality.pub }";

test("trust.require: a run starts with enough signers, and run.json keeps who they were [S13] [S14.verify]", () => {
  const trust = `trust: { ${threeKeys}, require: { threshold: 2, of: [vendor, audit, quality] } }\n`;
  const enough = project.cli(
    "run",
    policyFile("enough.yaml", "./two.wasm", trust),
    "--dir",
    "enough",
    "--json",
  );
  assert.equal(enough.code, 0, enough.stderr);
  const info = JSON.parse(bytesOf("enough/run.json").toString()) as {
    setup: { admissions: { by: string; threshold: number; signers: { name: string }[] }[] };
  }; // our own file
  const [admission] = info.setup.admissions;
  assert.deepEqual([admission?.by, admission?.threshold], ["signature", 2]);
  assert.deepEqual(namesOf(admission?.signers), ["vendor", "audit"]);
  const short = project.cli("run", policyFile("short.yaml", "./one.wasm", trust), "--json");
  assert.deepEqual([short.code, errorOf(short).code], [3, "WE_SIGNATURE_THRESHOLD"]);
  assert.match(errorOf(short).message ?? "", /Module "echo".*1 of the 2 keys.*missing: audit, quality/);
  const verified = project.cli("verify", "two.wasm", "--policy", "enough.yaml", "--json");
  assert.equal(verified.code, 0, verified.stderr);
  assert.deepEqual(namesOf(verified.document["missing"]), ["quality"]);
  assert.equal(project.cli("verify", "one.wasm", "--policy", "enough.yaml").code, 3);
  const bare = policyFile("bare.yaml", "./echo.wasm", trust);
  assert.equal(project.cli("run", bare).code, 3);
  assert.equal(project.cli("run", bare, "--allow-unsigned").code, 0, "the flag is the operator's own word");
  // A module built here carries the development key's signature alone.
  project.cli("build", "echo.wasm", "--out", "mine.wasm");
  assert.equal(project.cli("run", policyFile("mine.yaml", "./mine.wasm", trust)).code, 3);
  assert.equal(project.cli("verify", "mine.wasm").code, 0, "the project's own policy takes it");
});

test("[G10] trust.require that cannot hold, or names strangers, is told with its place [S13]", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [`trust: { ${threeKeys}, require: { threshold: 4 } }`, "WE_CONFIG_VALUE", /threshold must be at most 3/],
    [
      `trust: { ${threeKeys}, require: { threshold: 1, of: [vendors] } }`,
      "WE_CONFIG_REFERENCE",
      /key "vendors"/,
    ],
    [
      `trust: { ${threeKeys}, require: { threshold: 1 }, allowUnsigned: true }`,
      "WE_CONFIG_VALUE",
      /allowUnsigned/,
    ],
    [
      "trust: { keys: { a: keys/vendor.pub, b: keys/vendor.pub }, require: { threshold: 2 } }",
      "WE_TRUST_THRESHOLD",
      /2 of 1 different/,
    ],
    ["trust: { keys: { a: { key: keys/vendor.pub, ceilings: {} } } }", "WE_CONFIG_KEY_UNKNOWN", /ceilings/],
    ["trust: { keys: { a: keys/none.pub } }", "WE_TRUST_KEY", /none\.pub/],
  ];
  for (const [trust, code, message] of cases) {
    const result = project.cli("run", policyFile("bad.yaml", "./two.wasm", `${trust}\n`), "--json");
    assert.deepEqual([errorOf(result).code, result.code], [code, 2], trust);
    assert.match(errorOf(result).message ?? "", message);
  }
});

test("[G5] a grant above a ceiling is refused at load: agent, capability and key are named [S13]", () => {
  const trust = (ceiling: string): string =>
    `trust: { keys: { vendor: { key: keys/vendor.pub, ceiling: ${ceiling} } } }\n`;
  const run = (ceiling: string): Result =>
    project.cli("run", policyFile("ceiling.yaml", "./one.wasm", trust(ceiling)), "--json");
  const narrow = run('{ topics: ["word"] }');
  assert.deepEqual([narrow.code, errorOf(narrow).code], [2, "WE_CAPABILITY_CEILING"]);
  assert.match(errorOf(narrow).message ?? "", /Agent left is granted topics "\*".*module echo.*key vendor/);
  const small = run('{ topics: ["*"], limits: { memoryBytes: 131072 } }');
  assert.match(
    errorOf(small).message ?? "",
    /Agent left is granted limits\.memoryBytes 16777216.*key vendor/,
  );
  assert.equal(run('{ topics: ["*"], limits: { memoryBytes: 16777216 } }').code, 0);
});

test("--allow-unsigned is loud and kept with the run; it never lets in what a stranger signed [S14.run]", () => {
  const config = policyFile("strict.yaml", "./echo.wasm", "trust: { keys: { vendor: keys/vendor.pub } }\n");
  assert.equal(project.cli("run", config).code, 3);
  const loud = project.cli("run", config, "--allow-unsigned", "--dir", "loud");
  assert.equal(loud.code, 0, loud.stderr);
  assert.match(loud.stderr, /unsigned modules are accepted[^]*"echo" is NOT SIGNED/);
  assert.match(bytesOf("loud/run.json").toString(), /"by": "unsigned"/);
  signed("foreign.wasm", "stranger");
  const foreign = policyFile(
    "foreign.yaml",
    "./foreign.wasm",
    "trust: { keys: { vendor: keys/vendor.pub } }\n",
  );
  const refused = project.cli("run", foreign, "--allow-unsigned", "--json");
  assert.equal(errorOf(refused).code, "WE_SIGNATURE_UNTRUSTED");
});

const script = `import { defineAgent } from "wasm-engine/agent";
defineAgent({ state: { n: 0 }, onMessage(message, ctx) { ctx.publish("out", { n: (ctx.state.n += 1) }); } });
`;

test("verify --rebuild: a third party builds the same module from its source, or not [S14.verify]", async () => {
  project.write("agents/counter.js", script);
  const built = project.cli("build", "agents/counter.js", "--out", "counter.wasm", "--json");
  assert.equal(built.code, 0, built.stderr);
  project.cli("sign", "counter.wasm", ...secret("vendor"));
  const elsewhere = await echoProject(join(project.folder, "third", "party"));
  elsewhere.write("copy/counter.js", script);
  const module = join(project.folder, "counter.wasm");
  const key = join(project.folder, "keys/vendor.pub");
  const same = elsewhere.cli("verify", module, "--key", key, "--rebuild", "copy/counter.js", "--json");
  assert.equal(same.code, 0, same.stderr);
  assert.deepEqual([same.document["rebuilt"], same.document["digest"]], [true, built.document["digest"]]);
  elsewhere.write("copy/counter.js", script.replace("n: 0", "n: 1"));
  const other = elsewhere.cli("verify", module, "--key", key, "--rebuild", "copy/counter.js", "--json");
  assert.deepEqual([other.code, errorOf(other).code], [3, "WE_MODULE_REBUILD_CHANGED"]);
  assert.ok(!existsSync(join(elsewhere.folder, "copy/.wasm-engine")));
});
