/**
 * The main job: examples/airports run with the command line that users have, once as it is and once with the mail cut,
 * the arbiter's table, the replay that says whether it was identical, and the replay of a bundle that was recorded
 * elsewhere. `start.ts` prints it; the test compares README's transcript with it.
 */

import { changedMost, skill } from "./airports/scores.js";
import type { ForecastChange, WorldScores } from "./airports/scores.js";
import { commandLine } from "./command-line.js";

/** What the command line's `run --json` says. */
export interface RunReport {
  readonly runId: string;
  readonly dir: string;
  readonly ticks: number;
  readonly chainHead: string;
  readonly agents: number;
  readonly messages: number;
  readonly inferences: number;
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

const golden = "examples/airports/golden.bundle";
const number = (value: number): string => value.toLocaleString("en-US");
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Runs one verb; its progress goes to this terminal if it is one, its JSON document comes back. */
function verb<Document>(args: readonly string[], flags: readonly string[] = []): Document {
  const quiet = process.stderr.isTTY ? [] : ["--quiet"];
  const { status, stdout } = commandLine([...args, ...quiet], { flags });
  if (status !== 0) process.exit(status ?? 70);
  return JSON.parse(stdout) as Document; // DESIGN §14 fixes the documents
}

/** First lines of the transcript. */
export const introduction =
  "224 airports and an arbiter, 20,000 US flights of January to March 2001; one tick = 10 virtual minutes\n" +
  "every origin asks an ONNX model how likely its flight is late, from the calendar and what arrivals have told";

/** Runs the world as it is, or with the mail cut; `flags` are for V8 and show in no chain. */
export function runWorld(
  config: "engine.yaml" | "engine.cut.yaml",
  flags: readonly string[] = [],
): RunReport {
  return verb<RunReport>(["run", `examples/airports/${config}`], flags);
}

/** One line about a run; it differs from machine to machine by its seconds alone. */
export function summaryOf(name: string, run: RunReport): string {
  return (
    `${name.padEnd(9)} ${number(run.ticks)} ticks, ${number(run.turnsExecuted)} turns, ${number(run.messages)}` +
    ` messages, ${number(run.inferences)} forecasts, ${run.faults} faults in ${seconds(run.wallMs)}`
  );
}

/** The arbiter's verdict on both runs, and the airports that the mail has moved. */
export function verdictOf(withMail: WorldScores, withoutMail: WorldScores): string {
  const { scored, late, baseRate } = withMail.arbiter;
  const title =
    `Probability of a delay over 15 minutes: ${number(scored)} flights of March, ${number(late)} late;` +
    ` base rate ${(100 * baseRate).toFixed(1)} %`;
  const changes = changedMost(withMail, withoutMail, 10).map(changeText);
  return [
    title,
    scoreLines(withMail, withoutMail),
    "forecasts that the mail has changed most (mean of March, mail cut → as it is):",
    `  ${changes.slice(0, 5).join(" · ")}`,
    `  ${changes.slice(5).join(" · ")}`,
  ].join("\n");
}

function scoreLines(withMail: WorldScores, withoutMail: WorldScores): string {
  const { base, calendar, full } = withMail.arbiter;
  const row = (name: string, columns: readonly string[]): string =>
    `  ${name.padEnd(24)}${columns.map((column) => column.padStart(10)).join("")}`;
  const scored = (name: string, score: typeof base): string =>
    row(name, [
      score.brier.toFixed(4),
      `${(100 * skill(score.brier, base.brier)).toFixed(2)} %`,
      score.logLoss.toFixed(4),
      score.auc.toFixed(4),
    ]);
  return [
    row("", ["Brier", "skill", "log loss", "AUC"]),
    scored("base rate", base),
    scored("calendar only", calendar),
    scored("full model, mail cut", withoutMail.arbiter.full),
    scored("full model", full),
  ].join("\n");
}

function changeText({ airport, withMail, withoutMail }: ForecastChange): string {
  return `${airport} ${(100 * withoutMail).toFixed(1)} → ${(100 * withMail).toFixed(1)} %`;
}

/** Whether something agreed, and the line that says so. */
export interface Proof {
  readonly same: boolean;
  readonly line: string;
}

/** Replays the run; `same` only where every commit, turn and the chain head agree. */
export function replayOf(run: RunReport): Proof {
  const replay = verb<ReplayReport>(["replay", run.dir]);
  const same =
    replay.verified && replay.chainHead === run.chainHead && replay.turnsExecuted === run.turnsExecuted;
  return { same, line: same ? identicalLine(replay) : `replay: DIFFERENT, chain head ${replay.chainHead}` };
}

/** What a replay that agrees with its run is reported as. */
export function identicalLine({ ticks, turnsExecuted }: Pick<RunReport, "ticks" | "turnsExecuted">): string {
  return `replay: identical (${number(ticks)} ticks, ${number(turnsExecuted)} turns executed)`;
}

/** Replays the bundle that another machine has recorded; its head must be that of the run as well. */
export function goldenProof(run: RunReport): Proof {
  const replay = verb<ReplayReport>(["replay", golden]);
  const same = replay.verified && replay.chainHead === run.chainHead;
  const line = same ? goldenLine(run) : `recorded elsewhere: DIFFERENT, chain head ${replay.chainHead}`;
  return { same, line };
}

/** What a bundle that agrees with the run is reported as. */
export function goldenLine({ chainHead }: Pick<RunReport, "chainHead">): string {
  return `recorded elsewhere: identical, chain head ${chainHead}`;
}

/** What to try next. */
export const nextSteps = [
  "next: npx wasm-engine inspect @last --agent ORD       what one airport knows",
  "      npx wasm-engine log @last                       what the run has written down",
  "      npx wasm-engine bundle @last --out run.bundle   the run in one file, for any other machine",
].join("\n");
