/**
 * Writes `assets/models/understudy` from what its training leaves (`build/train.py` there), with figures of the
 * held-out text: `npm run build && node scripts/dist/build-understudy.js TRAINED`.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";
import { heldOutFigures } from "./language-model/held-out.js";
import { readTrainedModel } from "./language-model/trained-model.js";
import { understudyFiles, understudyFolder } from "./language-model/understudy.js";
import { assetManifest } from "./sdk/asset-manifest.js";

const { values, positionals } = programOptions({
  usage: "node scripts/dist/build-understudy.js TRAINED [--out FOLDER] [--native FOLDER]",
  allowPositionals: true,
  options: {
    out: { type: "string", default: understudyFolder },
    native: { type: "string", default: ".wasm-engine/native" },
  },
});
const [folder = "."] = positionals;
const trained = readTrainedModel(folder);
const files = understudyFiles(trained);
for (const [path, bytes] of files) {
  const file = join(values.out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  console.log(`${path}: ${bytes.length} bytes`);
}
const root = join(understudyFolder, "../../..");
if (values.out === understudyFolder) writeFileSync(join(root, "assets/manifest.json"), assetManifest(root));
for (const [path, bytes] of files) {
  if (!path.endsWith(".onnx")) continue;
  const { provider, perplexity, bitsPerByte, scoreError } = await heldOutFigures(bytes, trained, [
    resolve(values.native),
  ]);
  const figures = `perplexity ${perplexity.toFixed(3)}, ${bitsPerByte.toFixed(4)} bits per byte`;
  console.log(
    `${path} on ${provider}: ${figures}, scores within ${scoreError.toExponential(1)} of PyTorch's`,
  );
}
