/**
 * The talk benchmark: a game's world at 60 Hz, four of whose inhabitants speak with the words of a model that takes seconds
 * for a speech, beside the same world in silence. Answers enter when they have come; the run is replayed afterwards.
 */

import { fileURLToPath } from "node:url";
import { replayRun } from "@wasm-engine/engine";
import { handleOfId } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { nodeHasher } from "../../packages/engine/dist/crypto/node-crypto.js";
import { loggedInputs } from "../../packages/engine/dist/testing/run-folders.js";
import type { BenchOptions, Say } from "./bench-options.js";
import { digits, figureTable } from "./figure-table.js";
import { headLine, machineFacts } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { lookedAt, pacedHertz, runPaced } from "./paced-world.js";
import type { PacedPlan } from "./paced-world.js";
import { figureOf } from "./snapshot-bench.js";
import type { PacedFigure } from "./snapshot-bench.js";

/** What issue 7 asks for: nearly every tick within its period, although each speech takes so long. */
const p99MsMax = 1000 / pacedHertz;
const speechSecondsMin = 2;

const talkers = 4;
export const measuredSeconds = 120;
const silentSeconds = 12;
const warmUpSeconds = 5;
/** As many as the context of the model has room for besides the prompt. */
const speechTokens = 480;

export interface SpeechFigure {
  readonly speeches: number;
  readonly parts: number;
  readonly errors: number;
  /** By the ticks of the world, from the speech before, or the start, to the answer. */
  readonly shortestSeconds: number;
  readonly medianSeconds: number;
}

export interface TalkDocument {
  readonly bench: "talk";
  readonly machine: MachineFacts;
  readonly agents: number;
  readonly talkers: number;
  readonly talking: PacedFigure;
  /** Before and after, without a model. */
  readonly silent: readonly PacedFigure[];
  /** What the median tick takes with speakers, as a multiple of that without. */
  readonly ratio: number;
  readonly speech: SpeechFigure;
  readonly inferenceStallMs: number;
  readonly replay: "verified" | "different";
  readonly withinLimits: boolean;
  readonly quick: boolean;
  readonly ok: boolean;
}

export interface TalkOptions extends BenchOptions {
  /** Of speaking. */
  readonly seconds: number;
}

export async function measureTalk(options: TalkOptions, say: Say): Promise<TalkDocument> {
  const { quick } = options;
  const machine = machineFacts();
  const agents = options.sizes[0] ?? 1000;
  say(headLine("talk", machine, { quick }));
  const warmUp = quick ? 5 : warmUpSeconds * pacedHertz;
  const planFor = (seconds: number): PacedPlan => ({
    name: `talk-${agents}`,
    agents: agents - talkers,
    ticks: warmUp + (quick ? 30 : seconds * pacedHertz),
    realtime: true,
    workers: options.workers,
    more: { prebuilt: quick },
  });
  const silence = async (name: string): Promise<PacedFigure> =>
    figureOf(name, await runPaced(planFor(Math.min(silentSeconds, options.seconds))), warmUp);
  const before = await silence("in silence, before");
  const { samples, found } = await lookedAt(withTalkers(planFor(options.seconds)), async (dir) => ({
    speech: speechIn(dir),
    replay: (await replayRun(dir, { workers: 1 })).verified ? ("verified" as const) : ("different" as const),
  }));
  const talking = figureOf(`${talkers} talk`, samples, warmUp);
  const after = await silence("in silence, after");
  const { speech, replay } = found;
  const { inferenceStallMs, faults, inferences } = samples.result;
  const silentMs = (before.p50Ms + after.p50Ms) / 2;
  const isSlow = speech.speeches > 0 && speech.shortestSeconds >= speechSecondsMin;
  return {
    bench: "talk",
    machine,
    agents,
    talkers,
    talking,
    silent: [before, after],
    ratio: Number((talking.p50Ms / silentMs).toFixed(3)),
    speech,
    inferenceStallMs,
    replay,
    withinLimits: talking.p99Ms < p99MsMax && isSlow,
    quick,
    ok: replay === "verified" && speech.errors === 0 && faults === 0 && inferences >= talkers,
  };
}

/** The same world with speakers beside the others. */
function withTalkers(plan: PacedPlan): PacedPlan {
  const folder = fileURLToPath(new URL("../../assets/models/understudy", import.meta.url));
  const population = plan.agents;
  const entries = Array.from({ length: talkers }, (_, number) =>
    [
      `{ id: t${number}, module: talker, every: 1`,
      `args: { number: ${number}, population: ${population}, tokens: ${speechTokens} }`,
      'capabilities: { send: ["*"], models: [speech] } }',
    ].join(", "),
  );
  // The file with 4 bits: there are no kernels for it on this provider, which makes it slow enough.
  const model = `{ path: ${JSON.stringify(folder)}, file: onnx/model_q4.onnx, providers: [wasm] }`;
  const lines = [`models: { speech: ${model} }`];
  return { ...plan, more: { ...plan.more, lines, second: { agent: "talker", entries } } };
}

/** What the log says of speeches. */
function speechIn(dir: string): SpeechFigure {
  const asked = new Map<number, number>();
  for (let number = 0; number < talkers; number += 1) {
    const id = `t${number}` as AgentId; // brand: an id of this benchmark
    asked.set(
      handleOfId((bytes) => nodeHasher.sha256(bytes), id),
      0,
    );
  }
  const seconds: number[] = [];
  let parts = 0;
  let errors = 0;
  for (const { tick, body } of loggedInputs(dir)) {
    if (body.kind !== "result") continue;
    if (!body.last) {
      parts += 1;
      continue;
    }
    if (!body.ok) errors += 1;
    // The next speech is asked for in the turn that hears this one.
    seconds.push((tick - (asked.get(body.agent) ?? 0)) / pacedHertz);
    asked.set(body.agent, tick);
  }
  const sorted = seconds.sort((left, right) => left - right);
  const at = (place: number): number => Number((sorted[place] ?? 0).toFixed(2));
  const medianSeconds = at(sorted.length >> 1);
  return { speeches: sorted.length, parts, errors, shortestSeconds: at(0), medianSeconds };
}

export function talkTable(document: TalkDocument): string {
  const { agents, talking, silent, speech, ratio, replay, withinLimits } = document;
  const [before, after] = silent;
  const head = [
    "talk",
    "ticks",
    "p50 ms",
    "p99 ms",
    "max ms",
    "latest ms",
    "over 16 ms",
    "cpu ms",
    "threads",
  ];
  const rows = [before, talking, after].flatMap((figure) => {
    if (figure === undefined) return [];
    const { name, ticks, p50Ms, p99Ms, maxMs, latestMs, slowTicks, plainMs, workers } = figure;
    const times = [p50Ms, p99Ms, maxMs, latestMs].map(digits);
    return [[name, String(ticks), ...times, String(slowTicks), digits(plainMs), String(workers)]];
  });
  const { speeches, parts, shortestSeconds, medianSeconds } = speech;
  return [
    "",
    figureTable(head, rows),
    "",
    `  ${agents} agents at ${pacedHertz} Hz, ${ratio} times the median tick of silence; ${speeches} speeches in ${parts} parts,` +
      ` ${medianSeconds} s each, ${shortestSeconds} s at least; replay ${replay};` +
      ` limits (p99 ${p99MsMax.toFixed(1)} ms, ${speechSecondsMin} s) ${withinLimits ? "met" : "MISSED"}`,
  ].join("\n");
}
