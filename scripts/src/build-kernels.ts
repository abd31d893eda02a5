/** Compiles every kernel of `bench:metering` anew: `npm run build && node scripts/dist/build-kernels.js`. */

import { chmodSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { missingCCompiler } from "./sdk/c-modules.js";
import { compileKernel, kernelFolder, kernelManifest, kernelSources } from "./sdk/kernels.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const missing = missingCCompiler();
if (missing !== undefined) {
  console.error(`${missing}: run \`node scripts/dist/install-test-tools.js\``);
  process.exit(4);
}
for (const kernel of kernelSources) {
  const output = `${kernelFolder}/${kernel.name}.wasm`;
  const diagnostics = await compileKernel(root, kernel, output);
  if (diagnostics !== "") {
    console.error(diagnostics);
    process.exit(1);
  }
  chmodSync(`${root}/${output}`, 0o644);
  console.log(`compiled ${output}`);
}
writeFileSync(`${root}/${kernelFolder}/manifest.json`, kernelManifest(root));
