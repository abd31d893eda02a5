/**
 * What a person does with a run that has ended: gives up its beginning, takes it to another place, forks it, goes on
 * with all of them, removes one and tidies up. Every step is asked for again where it was interrupted. What a step has
 * acknowledged must be there from then on.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentId } from "@wasm-engine/abi";
import type { ResolvedWorld } from "../../world/contract.js";
import { readBundle, importBundle } from "../../bundle/open-bundle.js";
import { writeBundle } from "../../bundle/bundle-run.js";
import { nodeHasher } from "../../crypto/node-crypto.js";
import { makeFork } from "../../fork/make-fork.js";
import { makeForks } from "../../fork/make-forks.js";
import type { ResolvedOverrides } from "../../fork/contract.js";
import { RunFolder } from "../../storage/index.js";
import { syncFolder } from "../../storage/sync-folder.js";
import { verifyRunLog } from "../../storage/event-log-reader.js";
import { collectWaste } from "../../upkeep/collect-waste.js";
import { compactFolder } from "../../upkeep/compact-run.js";
import { removeRuns } from "../../upkeep/remove-runs.js";
import { runsBelow, runsDirectory } from "../../world/run-reference.js";
import { readRunStore } from "../../world/run-store.js";
import type { ReadRun } from "../../world/run-store.js";
import { sampleWorld } from "../sample-world.js";
import { mountedLife, newWitness, witnessCopy } from "./crash-life.js";
import type { LifeScript, Witness } from "./crash-life.js";
import { scriptedInputs } from "./crash-world.js";
import type { ScriptedInput } from "./crash-world.js";
import { DiskTree } from "./disk-tree.js";
import { mount, mountPath } from "./mounted-disk.js";

const project = join(mountPath, "project");
const bundle = join(mountPath, "out", "night.run");
const firstTicks = 48;
const lastTicks = 66;
const forkTick = 40;

/** The runs of the script by name; their folders are called alike. */
export const upkeepRuns = ["parent", "copy", "fork", "cut"] as const;
export type UpkeepRun = (typeof upkeepRuns)[number];

/** What is known outside of all runs. */
export interface UpkeepWitness {
  /** Steps that have returned. */
  done: number;
  readonly lives: ReadonlyMap<UpkeepRun, Witness>;
}

export function newUpkeepWitness(): UpkeepWitness {
  return { done: 0, lives: new Map(upkeepRuns.map((name) => [name, newWitness()])) };
}

export function upkeepWitnessCopy({ done, lives }: UpkeepWitness): UpkeepWitness {
  return { done, lives: new Map([...lives].map(([name, witness]) => [name, witnessCopy(witness)])) };
}

export interface UpkeepOptions {
  /** Called where a world stands still: a disk that is full gets space. False: nobody can help. */
  readonly relieve?: () => boolean;
}

type Step = (witness: UpkeepWitness, options: UpkeepOptions) => void;

/** In this order; each may be asked for again after it was interrupted. */
const steps: readonly Step[] = [
  () => void compactFolder(dirOf("parent"), { keepFrom: 24 }),
  () => void (isThere(bundle) || writeBundle(dirOf("parent"), bundle, { snapshots: true })),
  () => void importBundle(bundle, { dir: dirOf("copy") }),
  () => forked("fork", []),
  () => forked("cut", ["a2"]),
  (witness, options) => goOn("fork", witness, options),
  (witness, options) => goOn("copy", witness, options),
  (witness, options) => goOn("parent", witness, options),
  () => void compactFolder(dirOf("parent")),
  () =>
    void (isThere(dirOf("cut")) && removeRuns([dirOf("cut")], { baseDirectory: project, forks: "refuse" })),
  () => void collectWaste(project, { minAgeMs: 0 }),
];

/** Asks for every step that has not been acknowledged. @throws what the disk does */
export function playUpkeep(witness: UpkeepWitness, options: UpkeepOptions = {}): void {
  for (const step of steps.slice(witness.done)) {
    step(witness, options);
    witness.done += 1;
  }
}

/** A run of {@link firstTicks} ticks whose process has ended. @param directory folder of this machine */
export async function upkeepStart(directory: string): Promise<DiskTree> {
  const disk = new DiskTree();
  mount(disk);
  for (const name of ["out", "project"]) mkdirSync(join(mountPath, name));
  syncFolder(mountPath);
  const world = await upkeepWorld(directory);
  const options = { inputs: inputsBefore(firstTicks), isRepeatable: true, ticks: firstTicks };
  mountedLife({ kind: "new", world, dir: dirOf("parent") }, options, newWitness());
  return disk;
}

async function upkeepWorld(directory: string): Promise<ResolvedWorld> {
  const sample = await sampleWorld({ directory, agents: 3, records: 0, snapshotEvery: 7 });
  const { genesis } = sample;
  const [first, ...others] = genesis.agents;
  assert.ok(first !== undefined, "the sample has agents");
  return {
    ...sample,
    genesis: { ...genesis, agents: [{ ...first, every: 1 }, ...others] },
    inputs: [],
    outputs: [{ topic: "score", path: join(mountPath, "out", "out.jsonl") }],
    stop: { when: "never" },
    baseDirectory: project,
  };
}

function inputsBefore(ticks: number): readonly ScriptedInput[] {
  const agents: ReadonlySet<AgentId> = new Set(["a1", "a2", "sink"] as AgentId[]); // ids of the sample
  return scriptedInputs().filter(
    ({ afterTick, body }) => afterTick < ticks - 3 && body.kind === "message" && agents.has(body.to),
  );
}

function dirOf(name: UpkeepRun): string {
  return join(runsDirectory(project), name);
}

function isThere(path: string): boolean {
  return existsSync(path);
}

const nothingElse: ResolvedOverrides = {
  modules: [],
  drainTicks: 0,
  models: [],
  adapters: [],
  replaced: [],
  args: [],
  inputs: [],
  dropped: [],
  cut: [],
};

function forked(name: UpkeepRun, cut: readonly string[]): void {
  const future = {
    out: dirOf(name),
    runId: name,
    inputs: "keep",
    overrides: { ...nothingElse, cut },
  } as const;
  const job = { dir: dirOf("parent"), at: forkTick };
  if (isThere(future.out)) return;
  // One alone, and one of several: they are made in different ways.
  if (cut.length === 0) makeFork({ kind: "fork", ...job, ...future }, undefined);
  else makeForks({ kind: "forks", ...job, futures: [future] }, undefined);
}

function goOn(name: UpkeepRun, { lives }: UpkeepWitness, { relieve }: UpkeepOptions): void {
  const witness = lives.get(name);
  assert.ok(witness !== undefined, "every run has a witness");
  const options: LifeScript = {
    inputs: inputsBefore(lastTicks).filter(({ afterTick }) => afterTick >= firstTicks),
    isRepeatable: true,
    ticks: lastTicks,
    ...(relieve === undefined ? {} : { relieve }),
  };
  const dir = dirOf(name);
  const run = readRunStore(dir);
  mountedLife({ kind: "resume", dir }, options, witness, new Set(keysOf(run).keys()));
}

/** Keys of the inputs that the log still tells of. */
function keysOf({ recovered }: ReadRun): ReadonlyMap<string, number> {
  const keys = new Map<string, number>();
  for (const { inputs } of recovered.ticks(recovered.base?.tick)) {
    for (const { key, seq } of inputs) if (key !== undefined) keys.set(key, seq);
  }
  return keys;
}

/** What the runs come to: equal for every disk that the script was played on to its end. */
export interface UpkeepEnd {
  readonly runs: readonly {
    readonly name: string;
    readonly chainHead: string;
    readonly reachedTick: number;
    readonly baseTick: number | undefined;
    readonly output: string;
  }[];
}

/** Every run that is there opens, and what was acknowledged of it is there. @throws AssertionError */
export function checkUpkeep({ done, lives }: UpkeepWitness): UpkeepEnd {
  const runs = runsBelow(project).map(({ id, dir }) => {
    const folder = RunFolder.open(dir, nodeHasher);
    const { ok, damagedAt } = verifyRunLog(folder.log);
    assert.ok(ok, `${id}: ${damagedAt?.reason}`);
    const run = readRunStore(dir);
    const { base, chainHead, reachedTick } = run.recovered;
    const logged = keysOf(run);
    const { acknowledged } = lives.get(id as UpkeepRun) ?? newWitness(); // names of the script
    for (const [key, seq] of acknowledged)
      if (seq > (base?.state.lastSeq ?? 0)) assert.equal(logged.get(key), seq, `${id}: place of ${key}`);
    assert.ok(run.newestSnapshot(Infinity) !== undefined || base === undefined, `${id} has a beginning`);
    const output = id === "parent" ? join(mountPath, "out", "out.jsonl") : run.setup.outputs[0]?.path;
    const text = existsSync(output ?? "") ? readFileSync(output ?? "", "utf8") : "";
    return {
      name: id,
      chainHead: Buffer.from(chainHead).toString("hex"),
      reachedTick,
      baseTick: base?.tick,
      output: text,
    };
  });
  checkAcknowledged(done, new Map(runs.map((run) => [run.name, run])));
  return { runs };
}

/** Steps that have returned are not undone by what fails later. */
function checkAcknowledged(done: number, runs: ReadonlyMap<string, UpkeepEnd["runs"][number]>): void {
  const [compacted, exported, imported, fork, cut, forkOn, copyOn, parentOn, again, removed, tidied] =
    steps.map((_, index) => done > index);
  assert.ok(runs.has("parent"), "nothing takes the parent away");
  const reached = (name: UpkeepRun): number => runs.get(name)?.reachedTick ?? -1;
  const base = runs.get("parent")?.baseTick ?? -1;
  if (compacted) assert.ok(base >= 0, "compact has returned");
  if (again) assert.ok(base > forkTick, "compact has returned again");
  if (exported) readBundle(bundle, new Uint8Array(readFileSync(bundle)));
  if (imported) assert.ok(runs.has("copy"), "import has returned");
  if (fork) assert.ok(runs.has("fork"), "fork has returned");
  if (cut && !removed && done < steps.length - 2) assert.ok(runs.has("cut"), "fork --cut has returned");
  if (removed) assert.ok(!runs.has("cut"), "rm has returned");
  for (const [isOn, name] of [
    [forkOn, "fork"],
    [copyOn, "copy"],
    [parentOn, "parent"],
  ] as const)
    if (isOn) assert.ok(reached(name) >= lastTicks, `${name} was stopped at its last tick`);
  if (tidied) return;
}

/** What tidying up leaves beside whole runs. */
export function leftovers(disk: DiskTree): readonly string[] {
  collectWaste(project, { minAgeMs: 0 });
  return disk.files().filter((path) => /\.(tmp|fork|trunk|removed)(\/|$)|\/lock(\.|$)/.test(path));
}
