/**
 * Golden modules: bytes that were built for an ABI version run on every later runtime with the same digest, manifest
 * and outcome. What may change with `semantics` is pinned beside, and written anew with WRITE_GOLDEN=1.
 */

import assert from "node:assert/strict";
import { cpSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ABI_VERSION } from "@wasm-engine/abi";
import { SEMANTICS } from "@wasm-engine/core";
import { COST_TABLE_VERSION, digestOf, instrument, readManifest, verify } from "@wasm-engine/wasm";
import { Engine } from "../client/engine.js";
import { loadConfig } from "../config/load-config.js";
import { nodeSignatureCrypto, sha256, sha256Hex } from "../crypto/node-crypto.js";
import { freshFolder } from "../testing/run-folders.js";

interface Golden {
  readonly abi: { readonly major: number; readonly minor: number };
  readonly publicKey: string;
  /** For ever. */
  readonly modules: Readonly<
    Record<string, { readonly file: string; readonly digest: string; readonly manifest: object }>
  >;
  /** For ever. */
  readonly outcome: { readonly ticks?: number; readonly verdict?: string };
  /** Changes with `semantics`. */
  readonly pinned: object;
}

const root = fileURLToPath(new URL("../../../../assets/golden/", import.meta.url));
const folders = readdirSync(root).filter((name) => name.startsWith("abi-"));

test("there are golden modules of every ABI version up to this one", () => {
  const versions = Array.from(
    { length: ABI_VERSION.minor + 1 },
    (_, minor) => `abi-${ABI_VERSION.major}.${minor}`,
  );
  for (const version of versions) assert.ok(folders.includes(version), version);
});

for (const folder of folders) {
  const path = join(root, folder);
  const golden = JSON.parse(readFileSync(join(path, "golden.json"), "utf8")) as Golden; // written by hand and below

  test(`golden modules of ${folder} have the same digests, manifests, outcome and chain`, async () => {
    assert.equal(golden.abi.major, ABI_VERSION.major);
    const directory = freshFolder("golden");
    cpSync(path, directory, { recursive: true });
    const modules: Record<string, unknown> = {};
    const instrumented: Record<string, string> = {};
    for (const name of Object.keys(golden.modules)) {
      const bytes = new Uint8Array(readFileSync(join(path, `${name}.wasm`)));
      const { publicKeys } = verify(bytes, [Buffer.from(golden.publicKey, "hex")], nodeSignatureCrypto);
      assert.equal(publicKeys.length, 1);
      modules[name] = {
        file: sha256Hex(bytes),
        digest: digestOf(bytes, sha256),
        manifest: readManifest(bytes),
      };
      instrumented[name] = sha256Hex(instrument(bytes).bytes);
    }
    const { world: resolved } = await loadConfig(directory);
    await using world = await Engine.open(resolved, { dir: join(directory, "run"), isolation: "inline" });
    const { chainHead, stateHash, ticks, fuel, faults } = await world.run();
    assert.equal(faults, 0);
    const outcome = { ticks, verdict: readFileSync(join(directory, "out/verdict.jsonl"), "utf8") };
    const pinned = {
      semantics: SEMANTICS,
      costTable: COST_TABLE_VERSION,
      instrumented,
      fuel,
      stateHash,
      chainHead,
    };
    const isWritten = process.env["WRITE_GOLDEN"] === "1";
    // What holds for ever is written once, when the folder is new.
    const isNew = isWritten && golden.outcome.verdict === undefined;
    if (!isNew) assert.deepEqual({ modules, outcome }, { modules: golden.modules, outcome: golden.outcome });
    const found = { ...golden, ...(isNew ? { modules, outcome } : {}), pinned };
    if (isWritten)
      return writeFileSync(join(path, "golden.json"), `${JSON.stringify(found, undefined, 2)}\n`);
    assert.deepEqual(pinned, golden.pinned, "meant? then write it anew, see assets/golden/README.md");
  });
}
