/** `npm run verify`: what CI runs. Tests as in the README, then lint, format and a second type check. */

import { spawnSync } from "node:child_process";
import { repositoryRoot } from "./tidy/source-tree.js";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";

programOptions({ usage: "npm run verify", options: {} });

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const steps: readonly Step[] = [
  { name: "lint", command: ["node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0"] },
  {
    name: "format",
    command: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
  },
  // The build uses the native compiler; the second one guards against relying on its peculiarities.
  {
    name: "types (TypeScript 6)",
    command: ["node_modules/typescript/lib/tsc.js", "-p", "scripts/tsconfig.types.json"],
  },
];

const tests = spawnSync("npm", ["test"], {
  cwd: repositoryRoot,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
process.stdout.write(tests.stdout);
const counts = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(tests.stdout.trimEnd());
let passed = Number(counts?.[1] ?? 0);
let failed = Number(counts?.[2] ?? 1);
if (tests.status !== 0 && failed === 0) failed = 1;

for (const { name, command } of steps) {
  const result = spawnSync(process.execPath, command, {
    cwd: repositoryRoot,
    stdio: ["ignore", "inherit", "inherit"],
  });
  console.log(`${name}: ${result.status === 0 ? "ok" : "failed"}`);
  if (result.status === 0) passed++;
  else failed++;
}
console.log(`\n${passed} passed, ${failed} failed, ${Number(counts?.[3] ?? 0)} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
