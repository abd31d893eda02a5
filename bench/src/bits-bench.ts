/**
 * The table of bits: language models in every format that is exported, generated and at hand, on every runtime at hand.
 * A model whose kernels let one row see another is one whose batches the test at load must have refused.
 */

import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { understudyFolder } from "../../scripts/dist/language-model/understudy.js";
import type { BenchOptions, Say } from "./bench-options.js";
import { bitSizes, llamaFolder } from "./inference/bench-model.js";
import { compareBits } from "./inference/bit-comparison.js";
import type { BitFigure } from "./inference/bit-comparison.js";
import { headLine, machineFacts, machineLoad } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { benchFolder } from "./world-folder.js";

export interface BitRow extends BitFigure {
  readonly model: string;
  readonly provider: "cpu" | "wasm";
}

export interface BitDocument {
  readonly bench: "bits";
  readonly machine: MachineFacts;
  readonly load: number;
  readonly seed: number;
  readonly requests: number;
  readonly rows: readonly BitRow[];
  /** What was not at hand. */
  readonly notRun: readonly string[];
  readonly quick: boolean;
  readonly ok: boolean;
}

export interface BitBenchPlan {
  readonly providers: readonly BitRow["provider"][];
  readonly every: number;
  readonly tokens: number;
  readonly seed: number;
  /** Folder whose `node_modules` may hold onnxruntime-node. */
  readonly native: string;
  /** Parts of names of models; absent: all. */
  readonly only?: readonly string[];
}

interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly file: string;
  /** Batches must have been refused. */
  readonly varies?: boolean;
}

export async function measureBits(
  { quick }: Pick<BenchOptions, "quick">,
  plan: BitBenchPlan,
  say: Say,
): Promise<BitDocument> {
  const machine = machineFacts();
  const load = machineLoad();
  say(headLine("bits", machine, { quick, load }));
  const { subjects, notRun } = subjectsFor(plan, quick);
  const providers = plan.providers.filter((provider) => provider === "wasm" || isAtHand(plan.native));
  if (providers.length < plan.providers.length) notRun.push("provider cpu: onnxruntime-node is not at hand");
  const requests = quick ? 4 : 64;
  const extent = { requests, rowsMax: requests, promptMax: quick ? 40 : 400, rounds: quick ? 1 : 4 };
  const rows: BitRow[] = [];
  let ok = true;
  for (const provider of providers)
    for (const { name, varies = false, ...place } of subjects) {
      const options = { ...place, providers: [provider], nativeFrom: [plan.native] };
      const figure = await compareBits({ ...plan, ...extent, options });
      rows.push({ model: name, provider, ...figure });
      ok &&= figure.different === 0 && (!varies || figure.batchMode === "serial");
      say(`  ${name}, ${provider}: ${figure.batchMode}, ${figure.different} of ${figure.compared} differ`);
    }
  return { bench: "bits", machine, load, seed: plan.seed, requests, rows, notRun, quick, ok };
}

/** As it stands in docs/models.md. */
export function bitTable({ rows, notRun }: BitDocument): string {
  const lines = rows.map(({ model, provider, batchMode, compared, different, digest }) => {
    const mode = batchMode === "serial" ? "refused, one by one" : batchMode;
    return `| ${model} | ${provider} | ${mode} | ${compared} | ${different} | \`${digest.slice(0, 12)}\` |`;
  });
  const head = [
    "| model | provider | batches | texts compared | differ | digest |",
    "|---|---|---|--:|--:|---|",
  ];
  const missing = notRun.map((what) => `\nNot run: ${what}.`);
  return [...head, ...lines, ...missing].join("\n");
}

function subjectsFor(
  { only }: BitBenchPlan,
  quick: boolean,
): { readonly subjects: readonly Subject[]; readonly notRun: string[] } {
  const formats = ["fp32", "q4", "q8", "int8"] as const;
  const variants = formats.flatMap((format) =>
    (["grouped", "plain"] as const).map((attention) => ({
      ...{ format, attention },
      file: `onnx/${format}-${attention}.onnx`,
    })),
  );
  const folder = llamaFolder(bitSizes, variants);
  const generated = variants.map(({ format, attention, file }) => ({
    name: `generated Llama: ${format} with ${attention === "grouped" ? "GQA" : "plain operators"}`,
    ...{ folder, file, varies: format === "int8" },
  }));
  const notRun: string[] = [];
  const at = (name: string, place: string | undefined, files: readonly string[]): readonly Subject[] => {
    if (place === undefined) notRun.push(`${name}: not at hand in ../shared/models`);
    if (place === undefined) return [];
    return files.map((file) => ({
      name: `${name}, \`${file}\``,
      folder: place,
      file: `onnx/${file}.onnx`,
      varies: file.endsWith("int8"),
    }));
  };
  const stories = ["model", "model_plain", "model_q4", "model_q8", "model_int8"];
  const all: readonly Subject[] = [
    ...generated,
    ...at("stories260K", lentModel("stories260K"), stories),
    ...at("understudy", understudyFolder, ["model", "model_q4"]),
  ].filter(({ folder: place, file }) => existsSync(join(place, file)));
  const wanted = quick ? (only ?? ["int8 with GQA", "fp32 with plain"]) : only;
  return { subjects: all.filter(({ name }) => wanted?.some((part) => name.includes(part)) ?? true), notRun };
}

function isAtHand(native: string): boolean {
  try {
    createRequire(join(native, "package.json")).resolve("onnxruntime-node");
    return true;
  } catch {
    return false;
  }
}

/** Models that do not belong to the repository lie in a folder beside it, or beside one that holds it. */
function lentModel(name: string): string | undefined {
  for (let folder = benchFolder; dirname(folder) !== folder; folder = dirname(folder)) {
    const path = join(folder, "../shared/models", name);
    if (existsSync(path)) return path;
  }
  return undefined;
}
