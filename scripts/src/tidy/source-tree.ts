/** The tracked files of the repository, as the tidy checks see them. */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot: string = fileURLToPath(new URL("../../../", import.meta.url));

export interface SourceFile {
  /** Path from the repository root, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  text(): string;
}

/** Tracked and untracked-but-not-ignored files. */
export function repositoryFiles(): SourceFile[] {
  const listing = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: repositoryRoot,
    encoding: "utf8",
  });
  return [...new Set(listing.split("\0"))]
    .filter((path) => path !== "" && existsSync(join(repositoryRoot, path)))
    .map((path) => ({
      path,
      bytes: statSync(join(repositoryRoot, path)).size,
      text: () => readFileSync(join(repositoryRoot, path), "utf8"),
    }));
}
