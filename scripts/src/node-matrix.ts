/**
 * Runs the example worlds under other Node versions and V8 tiers, and compares chain heads. A command of its own as
 * it installs Node binaries from npm into node_modules/.cache: `node scripts/dist/node-matrix.js [20 22 24 26]`.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./tidy/source-tree.js";

interface Cell {
  readonly world: string;
  readonly node: string;
  readonly flags: string;
  readonly chainHead: string;
  readonly ticks: number;
  readonly fuel: number;
}

const worlds = ["examples/relay/engine.yaml", "examples/airports/engine.yaml"];
const tiers: readonly (readonly string[])[] = [[], ["--liftoff-only"], ["--no-liftoff"]];
const cache = join(repositoryRoot, "node_modules/.cache/wasm-engine/node-matrix");

/** Path of a Node binary of a major version, installed from npm where it is not there yet. */
function nodeBinary(major: string): string {
  if (process.versions.node.split(".")[0] === major) return process.execPath;
  const folder = join(cache, `node-${major}`);
  const binary = join(folder, "node_modules/node/bin/node");
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const options = { cwd: folder, stdio: "inherit" } as const;
    const result = spawnSync("npm", ["install", "--loglevel=error", `node@${major}`], options);
    if (result.status !== 0) throw new TypeError(`Node ${major} could not be installed`);
  }
  return binary;
}

function execute(node: string, flags: readonly string[], world: string): Cell {
  const dir = join(cache, "run");
  rmSync(dir, { recursive: true, force: true });
  const result = spawnSync(
    node,
    [...flags, "apps/cli/bin/wasm-engine.js", "run", world, "--dir", dir, "--json", "--quiet"],
    { cwd: repositoryRoot, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const report = JSON.parse(result.stdout || "{}") as {
    chainHead?: string;
    ticks?: number;
    fuel?: number;
    node?: string;
    v8Flags?: string[];
  }; // the CLI's document
  const cell = `${node} ${flags.join(" ")} ${world}`;
  if (result.status !== 0) throw new TypeError(`${cell}: exit ${result.status}\n${result.stderr}`);
  const applied = flags.every((flag) => report.v8Flags?.includes(flag) === true);
  if (!applied)
    throw new TypeError(`the executing process did not get ${flags.join(" ")}: ${String(report.v8Flags)}`);
  const { chainHead = "", ticks = 0, fuel = 0 } = report;
  return { world, node: report.node ?? "", flags: flags.join(" ") || "default", chainHead, ticks, fuel };
}

const majors = process.argv.length > 2 ? process.argv.slice(2) : ["20", "22", "24", "26"];
let differing = 0;
for (const world of worlds) {
  const cells = majors.flatMap((major) => tiers.map((flags) => execute(nodeBinary(major), flags, world)));
  const heads = new Set(cells.map(({ chainHead, ticks, fuel }) => `${chainHead} ${ticks} ${fuel}`));
  for (const cell of cells) {
    console.log(
      `${cell.world}  ${cell.node.padEnd(10)} ${cell.flags.padEnd(15)} ${cell.chainHead}  fuel ${cell.fuel}`,
    );
  }
  console.log(`${world}: ${heads.size === 1 ? "equal" : "DIFFERENT"} in ${cells.length} cells\n`);
  if (heads.size !== 1) differing++;
}
process.exitCode = differing === 0 ? 0 : 3;
