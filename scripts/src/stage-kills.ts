/**
 * `npm run test:stage-kills -- [--kills N] [--json]`: the rehearsal of examples/stage is killed with SIGKILL at N
 * points spread over it and gone on with; stopped with four texts under way or more, restored from its snapshot, and
 * forked there without a change. Texts are written again each time. Every end must have the chain of the undisturbed
 * rehearsal.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { EngineError } from "@wasm-engine/abi";
import { Engine, forkRun, inspectRun } from "@wasm-engine/engine";
import type { RunResult } from "@wasm-engine/engine";
import { programOptions, wholeNumber } from "../../packages/wasm/dist/testing/program-options.js";
import { stageProject } from "./stage-project.js";

const { values } = programOptions({
  usage: "npm run test:stage-kills -- [--kills N] [--json]",
  options: { kills: { type: "string", default: "10" }, json: { type: "boolean", default: false } },
});
const kills = wholeNumber("kills", values.kills, 1);
const isJson = values.json === true;
const say = (line: string): void => void (isJson ? process.stderr : process.stdout).write(`${line}\n`);

/** Crash points that every executed tick passes: appended, stepped, committed, released. */
const passagesPerTick = 4;
/** Texts that must be under way where the run is stopped and forked. */
const textsMin = 4;

// Compiling the runtime of the model well takes longer than a rehearsal.
const liftoff = "--liftoff-only";
setFlagsFromString(liftoff);
const open = { askAnew: true, v8Flags: [liftoff] } as const;

interface Ending {
  readonly what: string;
  /** Texts under way where the run was left; absent where it was killed before its first tick. */
  readonly textsUnderWay: number;
  readonly same: boolean;
}

const folder = mkdtempSync(join(tmpdir(), "stage-kills-"));
const stage = stageProject(folder);
const endings: Ending[] = [];

async function performed(target: string, name?: string): Promise<RunResult> {
  const isNew = name !== undefined;
  const options = isNew ? { ...open, dir: join(folder, name) } : { ...open, resume: true };
  await using world = await Engine.open(target, options);
  return await world.run();
}

async function textsUnderWay(dir: string, at?: number): Promise<number> {
  const { agents } = await inspectRun(dir, { isolation: "inline", ...(at === undefined ? {} : { at }) });
  return agents.reduce(
    (sum, { pendingRequests }) => sum + pendingRequests.filter(({ kind }) => kind === "inference").length,
    0,
  );
}

/** The first tick of the rehearsal with so many texts under way. */
async function busyTick({ dir, ticks }: RunResult): Promise<number> {
  for (let tick = 0; tick < ticks; tick += 1) if ((await textsUnderWay(dir, tick)) >= textsMin) return tick;
  return -1;
}

const undisturbed = await performed(stage.configuration, "undisturbed");
const script = stage.script();
say(`undisturbed: ${undisturbed.chainHead}, ${undisturbed.inferences} texts in ${undisturbed.ticks} ticks`);

function compare(what: string, count: number, result: RunResult, spoken: string): void {
  const { chainHead, stateHash, fuel } = result;
  const isEqual = chainHead === undisturbed.chainHead && stateHash === undisturbed.stateHash;
  const same = isEqual && fuel === undisturbed.fuel && spoken === script;
  endings.push({ what, textsUnderWay: count, same });
  say(`${what}, ${count} texts under way: ${same ? "the undisturbed head" : `DIFFERENT: ${chainHead}`}`);
}

async function killed(passage: number): Promise<void> {
  const dir = join(folder, `killed-${passage}`);
  const testing = { crash: { point: "any", passage } } as const;
  const dying = Engine.open(stage.configuration, { ...open, dir, testing }).then((world) => world.run());
  const died = await dying.then(
    () => false,
    (error: unknown) => EngineError.is(error) && error.code === "WE_WORLD_DIED",
  );
  const count = await textsUnderWay(dir);
  stage.forgetTexts();
  const what = died ? `killed at crash point ${passage}` : `NOT killed at crash point ${passage}`;
  compare(what, count, await performed(dir), stage.script());
  if (!died) endings.push({ what, textsUnderWay: count, same: false });
}

async function stopped(tick: number): Promise<void> {
  const dir = join(folder, "stopped");
  const world = await Engine.open(stage.configuration, { ...open, dir });
  await world.run({ ticks: tick + 1 });
  await world.stop();
  await world.close();
  const count = await textsUnderWay(dir);
  const fork = await forkRun(dir, { dir: join(folder, "forked"), at: tick });
  stage.forgetTexts();
  compare(`restored from the snapshot of tick ${tick}`, count, await performed(dir), stage.script());
  stage.forgetTexts();
  // A fork writes into its own folder.
  compare(`forked at tick ${tick} without a change`, count, await performed(fork.dir), script);
}

try {
  const passages = undisturbed.ticksExecuted * passagesPerTick;
  for (let kill = 0; kill < kills; kill += 1)
    await killed(Math.max(1, Math.round(((kill + 0.5) / kills) * passages)));
  await stopped(await busyTick(undisturbed));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const same = endings.filter((ending) => ending.same).length;
const busy = endings.filter((ending) => ending.textsUnderWay >= textsMin).length;
const ok = same === endings.length && (endings.at(-1)?.textsUnderWay ?? 0) >= textsMin;
say(
  `${same} of ${endings.length} have the undisturbed head; ${busy} were left with ${textsMin} texts under way or more`,
);
if (isJson) process.stdout.write(`${JSON.stringify({ ok, chainHead: undisturbed.chainHead, endings })}\n`);
process.exitCode = ok ? 0 : 1;
