/**
 * The inference benchmark: greedy texts of a generated language model by this engine, by @huggingface/transformers at
 * its best threads and batching, and by a bare loop over the same runtime, interleaved in one process. All three must
 * choose the same tokens; what the peer can only do with other tokens does not count.
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openTextModel } from "../../packages/inference/dist/index.js";
import type { TextModel } from "../../packages/inference/dist/index.js";
import { SeededNumbers } from "../../packages/inference/dist/batch/seeded-numbers.js";
import type { BenchOptions, Say } from "./bench-options.js";
import { digits, figureTable } from "./figure-table.js";
import { benchModel } from "./inference/bench-model.js";
import type { BenchModel, ModelFormat } from "./inference/bench-model.js";
import { bestTime, fasterOf, measureContest } from "./inference/contest.js";
import type { Clock, ContestFigure, Contestant, Texts } from "./inference/contest.js";
import { openRawLoop } from "./inference/raw-loop.js";
import type { RawRuntime } from "./inference/raw-loop.js";
import { headLine, machineFacts, machineLoad } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { installPeer, peersFolder } from "./peer-project.js";

/** Aims: how many times as fast as the peer and as the bare loop. */
export const inferenceLimits = { single: 1, concurrent8: 2.5, rawLoop: 0.9 } as const;

type Batching = "inTurn" | "atOnce" | "batch";

interface Peer extends Record<Batching, (prompts: Texts, tokens: number) => Promise<Texts>> {
  readonly close: () => Promise<unknown>;
}

export interface WorkloadFigure {
  readonly name: string;
  readonly prompts: readonly number[];
  readonly figures: readonly ContestFigure[];
  readonly ratioToTransformersJs: number | undefined;
  readonly ratioToRawLoop: number;
}

export interface FormatFigure {
  readonly format: ModelFormat;
  readonly batchMode: string;
  /** Scores of every step of eight texts, alone and together. */
  readonly bitEqual: boolean;
  readonly sameTokens: boolean;
  readonly workloads: readonly WorkloadFigure[];
}

export interface InferenceDocument {
  readonly bench: "inference";
  readonly machine: MachineFacts;
  readonly load: { readonly before: number; readonly after: number };
  readonly parameters: number;
  readonly threads: readonly number[];
  readonly runtime: string;
  /** What the ratios are made of. */
  readonly clock: Clock;
  readonly formats: readonly FormatFigure[];
  /** Why the peer was not measured. */
  readonly peerSkipped?: string;
  readonly bitEqual: boolean;
  /** The least of all formats; undefined without the peer. */
  readonly single: { readonly ratioToTransformersJs: number | undefined };
  readonly concurrent8: { readonly ratioToTransformersJs: number | undefined };
  readonly ratioToRawBatchedLoop: number;
  readonly quick: boolean;
  readonly isWithin: boolean;
  readonly ok: boolean;
}

export interface InferencePlan {
  readonly formats: readonly ModelFormat[];
  readonly threads: readonly number[];
  readonly repeats: number;
  /** Measures with the peer. */
  readonly peer: boolean;
  /** Folder whose `node_modules` may hold onnxruntime-node, where there is no peer that brings it. */
  readonly native: string;
  /** Names of workloads; absent: all. */
  readonly only?: readonly string[];
  readonly clock: Clock;
}

interface Workload {
  readonly name: string;
  readonly prompts: Texts;
  /** How the engine is asked. */
  readonly together: boolean;
}

export async function measureInference(
  { quick }: Pick<BenchOptions, "quick">,
  plan: InferencePlan,
  say: Say,
): Promise<InferenceDocument> {
  const machine = machineFacts();
  const before = machineLoad();
  say(headLine("inference", machine, { quick, load: before }));
  const problem = plan.peer ? installPeer({ name: "transformers" }, say) : "left out with --no-peer";
  if (problem !== undefined) say(`  SKIPPED @huggingface/transformers: ${problem}`);
  const runtime = await openRuntime(problem === undefined ? join(peersFolder, "transformers") : plan.native);
  const model = benchModel(quick, plan.formats);
  const tokens = quick ? 6 : 64;
  const workloads = workloadsOf(model, quick).filter(({ name }) => plan.only?.includes(name) ?? true);
  const formats: FormatFigure[] = [];
  for (const format of plan.formats) {
    const measure = new FormatMeasure({ ...plan, model, format, runtime, tokens });
    formats.push(await measure.run(workloads, plan.threads, problem === undefined));
    say(formatTable(formats.at(-1)));
  }
  const least = (name: string, of: "ratioToTransformersJs" | "ratioToRawLoop"): number | undefined => {
    const ratios = formats.flatMap(({ workloads: all }) =>
      all.filter((workload) => workload.name === name).flatMap((workload) => workload[of] ?? []),
    );
    return ratios.length === 0 ? undefined : Math.min(...ratios);
  };
  const single = least("single", "ratioToTransformersJs");
  const concurrent8 = least("concurrent8", "ratioToTransformersJs");
  const raw = least("concurrent8", "ratioToRawLoop") ?? 0;
  const bitEqual = formats.every((format) => format.bitEqual);
  return {
    bench: "inference",
    machine,
    load: { before, after: machineLoad() },
    parameters: model.parameters,
    threads: plan.threads,
    runtime: runtime.name,
    clock: plan.clock,
    formats,
    ...(problem === undefined ? {} : { peerSkipped: problem }),
    bitEqual,
    single: { ratioToTransformersJs: single },
    concurrent8: { ratioToTransformersJs: concurrent8 },
    ratioToRawBatchedLoop: raw,
    quick,
    isWithin:
      (single ?? 0) >= inferenceLimits.single &&
      (concurrent8 ?? 0) >= inferenceLimits.concurrent8 &&
      raw >= inferenceLimits.rawLoop,
    ok: bitEqual && formats.every(({ sameTokens }) => sameTokens),
  };
}

/** Prompts of 20 to 400 tokens; `equal8` is the work that the peer can batch. */
function workloadsOf({ sizes }: BenchModel, quick: boolean): readonly Workload[] {
  const random = new SeededNumbers(64);
  const prompt = (length: number): number[] =>
    Array.from({ length }, () => 300 + (random.next() % (sizes.vocabulary - 300)));
  const spread = (count: number): number[][] =>
    Array.from({ length: count }, (_, index) =>
      prompt(20 + Math.round(((quick ? 60 : 380) * index) / (count - 1))),
    );
  return [
    { name: "single", prompts: spread(quick ? 2 : 3), together: false },
    { name: "concurrent8", prompts: spread(8), together: true },
    { name: "equal8", prompts: Array.from({ length: 8 }, () => prompt(quick ? 30 : 200)), together: true },
  ];
}

interface FormatPlan {
  readonly model: BenchModel;
  readonly format: ModelFormat;
  readonly runtime: Runtime;
  readonly tokens: number;
  readonly repeats: number;
  readonly clock: Clock;
}

interface Runtime {
  readonly name: string;
  readonly ort: RawRuntime;
  /** How the engine is told to take the same. */
  readonly where:
    | { readonly providers: readonly ["cpu"]; readonly nativeFrom: readonly [string] }
    | { readonly providers: readonly ["wasm"] };
}

/** That of processors where it is at hand, else that of WebAssembly. */
async function openRuntime(native: string): Promise<Runtime> {
  try {
    const ort = createRequire(join(native, "package.json"))("onnxruntime-node") as RawRuntime; // one interface
    return { name: "onnxruntime-node", ort, where: { providers: ["cpu"], nativeFrom: [native] } };
  } catch {
    const ort = (await import("onnxruntime-web")) as RawRuntime; // one interface
    return { name: "onnxruntime-web", ort, where: { providers: ["wasm"] } };
  }
}

class FormatMeasure {
  readonly #plan: FormatPlan;
  readonly #figures = new Map<string, ContestFigure[]>();
  #bitEqual = true;
  #sameTokens = true;
  #batchMode = "";

  constructor(plan: FormatPlan) {
    this.#plan = plan;
  }

  async run(
    workloads: readonly Workload[],
    threads: readonly number[],
    withPeer: boolean,
  ): Promise<FormatFigure> {
    for (const count of threads) await this.#atThreads(workloads, count, withPeer);
    const figures = workloads.map(({ name, prompts }): WorkloadFigure => {
      const found = this.#figures.get(name) ?? [];
      const { clock } = this.#plan;
      const ours = bestTime(found, "wasm-engine", clock) ?? Infinity;
      const peer = bestTime(found, "transformers.js", clock);
      return {
        name,
        prompts: prompts.map(({ length }) => length),
        figures: found,
        ratioToTransformersJs: peer === undefined ? undefined : peer / ours,
        ratioToRawLoop: (bestTime(found, "raw loop", clock) ?? 0) / ours,
      };
    });
    return {
      format: this.#plan.format,
      batchMode: this.#batchMode,
      bitEqual: this.#bitEqual,
      sameTokens: this.#sameTokens,
      workloads: figures,
    };
  }

  async #atThreads(workloads: readonly Workload[], threads: number, withPeer: boolean): Promise<void> {
    const { model, format, runtime, tokens, repeats } = this.#plan;
    const { folder } = model;
    const file = model.fileOf(format);
    // Prompts are the same in every repetition: what is kept of them would not be measured.
    const ours = await openTextModel({
      folder,
      file,
      threads,
      rowsMax: 8,
      prefixBytesMax: 0,
      ...runtime.where,
    });
    const raw = await openRawLoop({ path: join(folder, file), threads, runtime: runtime.ort });
    const peer = withPeer ? await openPeer({ folder, dtype: format, threads }) : undefined;
    this.#batchMode = ours.facts.batchMode;
    for (const workload of workloads) {
      const { prompts, together, name } = workload;
      const expected = await this.#reference(ours, prompts);
      const contestants: Contestant[] = [
        { name: "wasm-engine", way: "", run: async () => textsOf(ours, prompts, { tokens, together }) },
        {
          name: "raw loop",
          way: "",
          run: async () => (together ? raw.generate(prompts, tokens) : inTurn(raw.generate, prompts, tokens)),
        },
      ];
      if (peer !== undefined) {
        const ways: readonly Batching[] = together ? ["inTurn", "atOnce", "batch"] : ["inTurn"];
        const all = ways.map((way) => ({
          ...{ name: "transformers.js", way },
          run: async () => peer[way](prompts, tokens),
        }));
        contestants.push(await fasterOf(all, expected));
      }
      const { figures, sameTokens } = await measureContest(contestants, { expected, repeats });
      this.#sameTokens &&= sameTokens;
      const known = this.#figures.get(name) ?? [];
      this.#figures.set(name, [...known, ...figures.map((figure) => ({ ...figure, threads }))]);
    }
    await peer?.close();
    await raw.close();
    await ours.close();
  }

  /** Texts one after the other; and whether every score has the same bits when they are asked together. */
  async #reference(model: TextModel, prompts: Texts): Promise<Texts> {
    const { tokens } = this.#plan;
    const ask = async (prompt: readonly number[]): ReturnType<TextModel["generate"]> =>
      model.generate({ prompt, maxTokens: tokens, digest: true });
    const alone: Awaited<ReturnType<TextModel["generate"]>>[] = [];
    for (const prompt of prompts) alone.push(await ask(prompt));
    const together = await Promise.all(prompts.map(ask));
    this.#bitEqual &&= together.every(
      ({ scoresDigest }, index) => scoresDigest === alone[index]?.scoresDigest,
    );
    return alone.map((text) => text.tokens);
  }
}

async function openPeer(options: {
  readonly folder: string;
  readonly dtype: ModelFormat;
  readonly threads: number;
}): Promise<Peer> {
  const program = pathToFileURL(join(peersFolder, "transformers/generate.mjs")).href;
  const { openPeer: open } = (await import(program)) as { openPeer: (from: typeof options) => Promise<Peer> }; // see there
  return open(options);
}

async function textsOf(
  model: TextModel,
  prompts: Texts,
  { tokens, together }: { readonly tokens: number; readonly together: boolean },
): Promise<Texts> {
  const ask = async (prompt: readonly number[]): Promise<readonly number[]> =>
    (await model.generate({ prompt, maxTokens: tokens })).tokens;
  if (together) return Promise.all(prompts.map(ask));
  const texts: (readonly number[])[] = [];
  for (const prompt of prompts) texts.push(await ask(prompt));
  return texts;
}

async function inTurn(
  generate: (prompts: Texts, tokens: number) => Promise<Texts>,
  prompts: Texts,
  tokens: number,
): Promise<Texts> {
  const texts: (readonly number[])[] = [];
  for (const prompt of prompts) texts.push(...(await generate([prompt], tokens)));
  return texts;
}

function formatTable(figure: FormatFigure | undefined): string {
  if (figure === undefined) return "";
  const rows = figure.workloads.flatMap(({ name, figures, ratioToTransformersJs, ratioToRawLoop }) => [
    ...figures.map(({ name: who, way, threads, medianMs, cpuMs }) => [
      `${name}: ${who}${way === "" ? "" : ` (${way})`}`,
      String(threads),
      digits(medianMs),
      digits(cpuMs),
    ]),
    [
      `${name}: × transformers.js, × raw loop`,
      "",
      digits(ratioToTransformersJs ?? 0),
      digits(ratioToRawLoop),
    ],
  ]);
  const { format, batchMode, bitEqual, sameTokens } = figure;
  const verdict = `${format}: batches ${batchMode}, bits ${bitEqual ? "equal" : "DIFFERENT"}, tokens of all ${
    sameTokens ? "equal" : "DIFFERENT"
  }`;
  return `\n${verdict}\n${figureTable(["", "threads", "ms", "processor ms"], rows)}`;
}
