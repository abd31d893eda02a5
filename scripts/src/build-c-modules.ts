/** Compiles every committed agent in C anew: `npm run build && node scripts/dist/build-c-modules.js`. */

import { chmodSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cModules, compileC, missingCCompiler } from "./sdk/c-modules.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const missing = missingCCompiler();
if (missing !== undefined) {
  console.error(`${missing}: run \`node scripts/dist/install-test-tools.js\``);
  process.exit(4);
}
for (const name of cModules) {
  const diagnostics = compileC(root, `${name}.c`, `${name}.wasm`);
  if (diagnostics !== "") {
    console.error(diagnostics);
    process.exit(1);
  }
  chmodSync(`${root}/${name}.wasm`, 0o644);
  console.log(`compiled ${name}.wasm`);
}
