/** Projects of peers in bench/peers: each has its own lock file and is installed when it is first needed. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Say } from "./bench-options.js";

export const peersFolder: string = fileURLToPath(new URL("../peers/", import.meta.url));

export interface PeerProject {
  readonly name: string;
  /** Packages whose install scripts must run: they fetch or compile native code. All others have theirs left out. */
  readonly native?: readonly string[];
}

/** Installs what is not there. Returns why that failed, or undefined. */
export function installPeer({ name, native = [] }: PeerProject, say: Say): string | undefined {
  const folder = join(peersFolder, name);
  const modules = join(folder, "node_modules");
  const isBuilt = native.every((entry) => existsSync(join(modules, entry, "build/Release")));
  if (existsSync(modules) && isBuilt) return undefined;
  say(`  installing ${name}${native.length === 0 ? "" : ", which may compile for minutes"}`);
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const steps = [["ci", "--ignore-scripts", ...quiet]];
  if (native.length > 0) steps.push(["rebuild", ...native, "--ignore-scripts=false", ...quiet]);
  for (const words of steps) {
    const options = { cwd: folder, encoding: "utf8", shell: process.platform === "win32" } as const;
    const { status, stderr } = spawnSync("npm", words, options);
    if (status !== 0) return firstLine(stderr);
  }
  return undefined;
}

/** The line that says what is wrong. */
export function firstLine(text: string): string {
  return text.split("\n").find((line) => /error/i.test(line)) ?? text.split("\n")[0] ?? "no reason given";
}
