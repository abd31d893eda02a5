/** Node binaries of other major versions, installed from npm into node_modules/.cache where they are not there yet. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./tidy/source-tree.js";

export const nodeCache: string = join(repositoryRoot, "node_modules/.cache/wasm-engine/node-matrix");

/** The versions that are supported. */
export const nodeMajors: readonly string[] = ["20", "22", "24", "26"];

/** Flags of V8's tiers: as they come, the baseline compiler alone, the optimising one alone. */
export const tierFlags: Readonly<Record<string, readonly string[]>> = {
  default: [],
  liftoff: ["--liftoff-only"],
  turbofan: ["--no-liftoff"],
};

/** Path of a Node binary of a major version; the running one where it is of this version. */
export function nodeBinary(major: string): string {
  if (process.versions.node.split(".")[0] === major) return process.execPath;
  const folder = join(nodeCache, `node-${major}`);
  const binary = join(folder, "node_modules/node/bin/node");
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    // What npm says goes to stderr: stdout may be one JSON document.
    const result = spawnSync("npm", ["install", "--loglevel=error", `node@${major}`], {
      cwd: folder,
      stdio: ["ignore", 2, 2],
    });
    if (result.status !== 0) throw new TypeError(`Node ${major} could not be installed`);
  }
  return binary;
}
