/**
 * Records the golden runs of this release's semantics: `npm run build && node scripts/dist/make-golden-runs.js`. A run
 * with snapshots, a fork of it, and a fork of that fork which begins at a snapshot; golden.json says what came of them.
 * Their agents are the golden modules of the ABI. Golden runs are made once: none is overwritten.
 */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SEMANTICS } from "@wasm-engine/core";
import {
  Engine,
  diffRuns,
  exportRun,
  forkRun,
  importRun,
  inspectRun,
  verifyLogOfRun,
} from "@wasm-engine/engine";
import type { ForkOverrides } from "@wasm-engine/engine";
import { assetManifest } from "./sdk/asset-manifest.js";
import { alice } from "./signatures/signature-vectors.js";
import { repositoryRoot } from "./tidy/source-tree.js";

const inline = { isolation: "inline" } as const;
const modules = ["mixer", "notary", "stamp"];
const lastTick = 150;
/** Records of the input file: three mixers are asked in turn. */
const records = 96;
const forkTick = 60;
const forkOfForkTick = 97;
/** The changed input: the first whose tick lies well behind the fork. */
const changedSeq = 57;
const watchedTicks = [0, 24, 37, 59, 60, 77, 98, 120, lastTick - 1];

const golden = join(repositoryRoot, "assets/golden");
const folder = join(golden, `semantics-${SEMANTICS}`);
const workplace = mkdtempSync(join(tmpdir(), "wasm-engine-golden-"));

function writeProject(): string {
  for (const name of modules)
    cpSync(join(golden, "abi-1.0", `${name}.wasm`), join(workplace, `${name}.wasm`));
  const lines = Array.from({ length: records }, (_, index) => {
    const tick = Math.floor((index * 128) / records);
    return JSON.stringify({ tick, to: `mixer-${(index % 3) + 1}`, round: index + 1, value: 1000 + index });
  });
  writeFileSync(join(workplace, "rounds.jsonl"), `${lines.join("\n")}\n`);
  const mixers = [1, 2, 3].map((number) => ({
    id: `mixer-${number}`,
    module: "mixer",
    capabilities: { send: ["stamp"] },
  }));
  const config = {
    version: 1,
    name: `golden-semantics-${SEMANTICS}`,
    seed: 2001,
    clock: { tickMs: 1000, epoch: "2001-01-01T00:00:00Z" },
    stop: { when: "tick", tick: lastTick },
    snapshotEvery: 25,
    snapshotsKept: "all",
    modules: Object.fromEntries(modules.map((name) => [name, `./${name}.wasm`])),
    agents: [
      ...mixers,
      { id: "stamp", module: "stamp", capabilities: { send: ["*"], topics: ["ledger"] } },
      {
        id: "notary",
        module: "notary",
        args: { value: 1000 },
        capabilities: { topics: ["ledger", "verdict"] },
      },
    ],
    inputs: [{ file: "./rounds.jsonl", at: "tick", to: "{to}", topic: "mix" }],
    outputs: [{ topic: "ledger", file: "./out/ledger.jsonl" }],
    trust: { keys: { golden: alice.publicKey.toString("hex") }, require: { threshold: 1 } },
  };
  const path = join(workplace, "engine.yaml");
  writeFileSync(path, JSON.stringify(config)); // JSON is YAML
  return path;
}

async function recorded(config: string): Promise<string> {
  await using world = await Engine.open(config, { dir: join(workplace, "parent"), ...inline });
  await world.run();
  await world.close();
  return world.dir;
}

async function forked(run: string, name: string, at: number, overrides: ForkOverrides): Promise<string> {
  const { dir } = await forkRun(run, { at, dir: join(workplace, name), overrides, ...inline });
  await using world = await Engine.open(dir, { resume: true, ...inline });
  await world.run();
  await world.close();
  return dir;
}

/** What every later release must find in the file. */
async function facts(file: string): Promise<object> {
  const { dir: place } = await importRun(join(folder, file), { dir: join(workplace, "imported", file) });
  const { firstTick, chainHead: head } = await verifyLogOfRun(place);
  const chainHead = Buffer.from(head).toString("hex");
  const ticks = watchedTicks.filter((tick) => tick >= firstTick);
  const states: Record<string, string> = {};
  for (const at of ticks) states[at] = (await inspectRun(place, { at, ...inline })).stateHash;
  return { file, firstTick, chainHead, states };
}

const config = writeProject();
try {
  mkdirSync(folder, { recursive: true });
  const parent = await recorded(config);
  const fork = await forked(parent, "fork", forkTick, { inputs: { [changedSeq]: { round: 7, value: 77 } } });
  await forked(fork, "fork-of-fork", forkOfForkTick, { cut: ["agent:mixer-2"] });
  const files = { parent: "parent.bundle", fork: "fork.bundle", "fork-of-fork": "fork-of-fork.bundle" };
  for (const [name, file] of Object.entries(files)) {
    const out = join(folder, file);
    const from = name === "fork-of-fork" ? { from: forkOfForkTick } : {};
    await exportRun(join(workplace, name), { out, snapshots: true, ...from });
  }
  const { equal, firstTick, agent, what } = await diffRuns(parent, fork, inline);
  const outcome = {
    semantics: SEMANTICS,
    runs: {
      parent: await facts(files.parent),
      fork: { ...(await facts(files.fork)), of: "parent", at: forkTick },
      "fork-of-fork": { ...(await facts(files["fork-of-fork"])), of: "fork", at: forkOfForkTick },
    },
    diff: { left: "parent", right: "fork", equal, firstTick, agent, what },
  };
  writeFileSync(join(folder, "golden.json"), `${JSON.stringify(outcome, undefined, 2)}\n`, { flag: "wx" });
  // Those of a new semantics are listed in scripts/src/sdk/asset-manifest.ts first.
  writeFileSync(join(repositoryRoot, "assets/manifest.json"), assetManifest(repositoryRoot));
  console.log(`wrote ${readdirSync(folder).join(", ")}`);
} finally {
  rmSync(workplace, { recursive: true });
}
