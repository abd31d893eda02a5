/**
 * Makes the signed modules of a new golden folder from examples/relay: `npm run build && node
 * scripts/dist/make-golden-modules.js assets/golden/abi-N.M`. Golden modules are made once: none is overwritten.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildModule, nodeSignatureCrypto } from "@wasm-engine/engine";
import { detachSignature, sign } from "@wasm-engine/wasm";
import { assetManifest } from "./sdk/asset-manifest.js";
import { alice } from "./signatures/signature-vectors.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const sources = ["courier.js", "mixer.ts", "notary.ts", "stamp.wasm"];
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Name the folder: assets/golden/abi-N.M");
  process.exit(2);
}
const workplace = mkdtempSync(join(tmpdir(), "wasm-engine-golden-"));
try {
  mkdirSync(join(root, folder), { recursive: true });
  const secretKey = new Uint8Array(Buffer.concat([alice.seed, alice.publicKey]));
  for (const source of sources) {
    const [name = ""] = source.split(".");
    const path = join(root, "examples/relay/agents", source);
    const { bytes } = await buildModule(path, { directory: workplace, name });
    const module = sign(detachSignature(bytes).module, secretKey, nodeSignatureCrypto);
    writeFileSync(join(root, folder, `${name}.wasm`), module, { flag: "wx" });
    console.log(`wrote ${folder}/${name}.wasm, ${module.length} bytes`);
  }
  const [major = 0, minor = 0] = (/abi-(\d+)\.(\d+)/.exec(folder) ?? []).slice(1).map(Number);
  const publicKey = alice.publicKey.toString("hex");
  const names = sources.map((source) => source.split(".")[0] ?? "");
  const modules = Object.fromEntries(names.map((name) => [name, {}]));
  const golden = { abi: { major, minor }, publicKey, modules, outcome: {}, pinned: {} };
  writeFileSync(join(root, folder, "golden.json"), JSON.stringify(golden), { flag: "wx" });
  console.log(
    "add an engine.yaml, fill golden.json by WRITE_GOLDEN=1 node scripts/dist/test.js golden-modules, and",
  );
  console.log("list them in scripts/src/sdk/asset-manifest.ts");
  writeFileSync(join(root, "assets/manifest.json"), assetManifest(root));
} finally {
  rmSync(workplace, { recursive: true });
}
