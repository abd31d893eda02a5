/** Commands for which this repository does not exist, and what of npm's configuration they still need. */

import { spawnSync } from "node:child_process";
import { repositoryRoot } from "./tidy/source-tree.js";

/** True where a command can be run with an empty folder in place of the repository. */
export function canHide(): boolean {
  if (process.platform !== "linux") return false;
  return spawnSync("unshare", ["-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0"', repositoryRoot]).status === 0;
}

/** The command with the repository hidden from it. */
export function hiding(command: readonly string[]): string[] {
  return ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', repositoryRoot, ...command];
}

/** A setting of the npm of this machine. */
export function npmSetting(name: string): string {
  const shell = process.platform === "win32";
  const options = { cwd: repositoryRoot, encoding: "utf8", shell } as const;
  return spawnSync("npm", ["config", "get", name], options).stdout.trim();
}
