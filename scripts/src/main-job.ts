/**
 * The main job: examples/airports run with the command line that users have, the arbiter's table, and the replay that
 * says whether it was identical. `start.ts` prints it; the test compares README's transcript with it.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "./tidy/source-tree.js";

/** What the command line's `run --json` says. */
export interface RunReport {
  readonly runId: string;
  readonly dir: string;
  readonly ticks: number;
  readonly chainHead: string;
  readonly agents: number;
  readonly messages: number;
  readonly fuel: number;
  readonly faults: number;
  readonly turnsExecuted: number;
  readonly wallMs: number;
}

interface ReplayReport {
  readonly verified: boolean;
  readonly ticks: number;
  readonly turnsExecuted: number;
  readonly fuel: number;
  readonly chainHead: string;
  readonly wallMs: number;
}

/** What the arbiter describes; see examples/airports/agents/arbiter.c. */
interface Score {
  readonly flights: number;
  readonly scored: number;
  readonly late: number;
  readonly trainingFlights: number;
  readonly baseRate: number;
  readonly brier: number;
  readonly brierBase: number;
  readonly logLoss: number;
  readonly logLossBase: number;
  readonly auc: number;
}

const cli = join(repositoryRoot, "apps/cli/bin/wasm-engine.js");
const number = (value: number): string => value.toLocaleString("en-US");

/** Runs one verb; its progress goes to this terminal, its JSON document comes back. */
function verb<Document>(...args: readonly string[]): Document {
  const result = spawnSync(process.execPath, [cli, ...args, "--json"], {
    cwd: repositoryRoot,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) process.exit(result.status ?? 70);
  return JSON.parse(result.stdout) as Document; // DESIGN §14 fixes the documents
}

function scoreTable(score: Score): string {
  const row = (name: string, own: string, base: string, note = ""): string =>
    `  ${name.padEnd(30)}${own.padStart(8)}${base.padStart(11)}  ${note}`.trimEnd();
  const skill = (own: number, base: number): string => `${(100 * (1 - own / base)).toFixed(2)} % better`;
  const compared = (name: string, own: number, base: number): string =>
    row(name, own.toFixed(4), base.toFixed(4), skill(own, base));
  return [
    row("", "agents", "base rate"),
    compared("Brier score (lower is better)", score.brier, score.brierBase),
    compared("log loss (lower is better)", score.logLoss, score.logLossBase),
    row("AUC (0.5 is a coin)", score.auc.toFixed(4), "0.5000"),
  ].join("\n");
}

/** First line of the transcript. */
export const introduction =
  "224 airports and an arbiter, 20,000 US flights of January to March 2001, one tick = 10 virtual minutes";

/** Runs the world. */
export function runWorld(): RunReport {
  return verb<RunReport>("run", "examples/airports/engine.yaml");
}

/** One line about the run; the only one that differs from machine to machine, by its seconds. */
export function summaryOf(run: RunReport): string {
  return (
    `ran ${number(run.ticks)} ticks, ${number(run.turnsExecuted)} turns of ${run.agents} agents,` +
    ` ${number(run.messages)} messages, ${number(run.fuel)} fuel, ${run.faults} faults` +
    ` in ${(run.wallMs / 1000).toFixed(1)} s`
  );
}

/** The arbiter's verdict on the run. */
export function verdictOf(run: RunReport): string {
  const inspected = verb<{ agents: readonly { describe?: Score }[] }>(
    "inspect",
    run.dir,
    "--agent",
    "arbiter",
  );
  const score = inspected.agents[0]?.describe;
  if (score === undefined) throw new TypeError("the arbiter describes nothing");
  const title =
    `Probability of a delay over 15 minutes, ${number(score.scored)} flights of March` +
    ` (${number(score.late)} late); base rate ${(100 * score.baseRate).toFixed(1)} %` +
    ` from ${number(score.trainingFlights)} flights before`;
  return `${title}\n${scoreTable(score)}`;
}

/** Replays the run; `same` only where every commit, turn and the chain head agree. */
export function replayOf(run: RunReport): { readonly same: boolean; readonly line: string } {
  const replay = verb<ReplayReport>("replay", run.dir);
  const same =
    replay.verified && replay.chainHead === run.chainHead && replay.turnsExecuted === run.turnsExecuted;
  return { same, line: same ? identicalLine(replay) : `replay: DIFFERENT, chain head ${replay.chainHead}` };
}

/** What a replay that agrees with its run is reported as. */
export function identicalLine({ ticks, turnsExecuted }: Pick<RunReport, "ticks" | "turnsExecuted">): string {
  return `replay: identical (${number(ticks)} ticks, ${number(turnsExecuted)} turns executed)`;
}
