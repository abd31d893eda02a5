/** Which test files exist: every compiled `*.test.js` of the workspace. */

import { globSync } from "./glob.js";
import { repositoryRoot } from "./tidy/source-tree.js";

const roots = ["packages", "apps", "scripts", "sdk", "examples", "bench/dist"];

export function testFiles(filter: readonly string[]): string[] {
  return roots
    .flatMap((root) =>
      globSync(repositoryRoot, root, (path) => path.endsWith(".test.js") && path.includes("/dist/")),
    )
    .filter((path) => filter.length === 0 || filter.some((part) => path.includes(part)))
    .sort();
}
