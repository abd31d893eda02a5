/**
 * What metering costs: every kernel as it is and instrumented with everything on, under the same V8 flags, in each
 * tier. Ratios are of the fastest runs. The limits are DESIGN §15.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeBinary } from "../../scripts/dist/node-binary.js";
import { digits, figureTable } from "./figure-table.js";
import { loadKernel, scriptKernel } from "./kernel.js";
import type { Kernel, KernelForm } from "./kernel.js";
import { machineFacts } from "./machine.js";
import type { KernelTimes } from "./metering-child.js";
import type { Say } from "./bench-options.js";

/**
 * Node options that pin V8's WebAssembly tiers. `default` begins in Liftoff and ends in TurboFan; `engine` does so too,
 * with the checked memory accesses of the process that executes agents.
 */
export const tierFlags = {
  default: [],
  liftoff: ["--liftoff-only"],
  turbofan: ["--no-liftoff"],
  engine: ["--disable-wasm-trap-handler"],
} as const;
export type Tier = keyof typeof tierFlags;

export const meteringLimits = { geomean: 1.3, worst: 1.8, quickjs: 1.55 } as const;

export interface MeteringOptions {
  readonly kernels: readonly string[];
  readonly tiers: readonly Tier[];
  /** Major versions. The first is the one that the headline figures are of. */
  readonly nodes: readonly string[];
  /** Path of a Node binary, instead of `nodes`. */
  readonly node: string | undefined;
  readonly repeat: number;
  readonly targetMs: number;
}

/** One kernel in one tier of one Node. A ratio is milliseconds instrumented to milliseconds as it is. */
export interface TierFigure {
  readonly baseMs: number;
  /** In profile `conformance`, and of agents the worse of both profiles. */
  readonly instrumentedMs: number;
  readonly ratio: number;
  /** Of agents: in profile `agent`, as the engine executes them. */
  readonly agentRatio?: number;
  readonly rounds: number;
  readonly settled: boolean;
}

export type TierRecord<Value> = Partial<Record<Tier, Value>>;

export interface KernelFigure extends TierFigure {
  readonly name: string;
  readonly language: string;
  readonly sha256: string;
  readonly sizeRatio: number;
  readonly checksum: string;
  readonly tiers: TierRecord<TierFigure>;
}

/** Everything that one Node found; `geomean`, `worst`, `quickjs` are those of the first tier asked for. */
export interface NodeFigures {
  readonly node: string;
  readonly v8: string;
  readonly geomean: number;
  readonly worst: number;
  readonly quickjs: number | null;
  readonly kernels: readonly KernelFigure[];
  /** Geometric means by tier. */
  readonly tiers: TierRecord<number>;
}

export interface MeteringDocument extends NodeFigures {
  readonly bench: "metering";
  readonly limits: typeof meteringLimits;
  readonly v8Flags: TierRecord<readonly string[]>;
  readonly cpu: string;
  readonly cores: number;
  /** Of the last minute, when the run began and when it ended. */
  readonly load: readonly [number, number];
  readonly repeat: number;
  readonly targetMs: number;
  /** Figures of further Node versions. */
  readonly nodes: readonly NodeFigures[];
  readonly withinLimits: boolean;
  readonly ok: boolean;
}

const child = fileURLToPath(new URL("./metering-child.js", import.meta.url));

export async function measureMetering(options: MeteringOptions, say: Say): Promise<MeteringDocument> {
  const begin = loadNow();
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-metering-"));
  try {
    const kernels: Kernel[] = [];
    for (const name of options.kernels) kernels.push(await loadKernel(name));
    for (const { name, bytes } of kernels) writeFileSync(join(folder, `${name}.wasm`), bytes);
    const binaries = options.node === undefined ? options.nodes.map(nodeBinary) : [options.node];
    const [first, ...others] = binaries.map((binary) =>
      measureNode(kernels, { binary, folder, options, say }),
    );
    if (first === undefined) throw new RangeError("at least one Node is measured");
    return document(first, others, { options, begin });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function document(
  first: NodeFigures,
  others: readonly NodeFigures[],
  { options, begin }: { readonly options: MeteringOptions; readonly begin: number },
): MeteringDocument {
  const { processor, cores } = machineFacts();
  const { geomean, worst, quickjs } = first;
  const withinLimits =
    geomean <= meteringLimits.geomean &&
    worst <= meteringLimits.worst &&
    (quickjs === null || quickjs <= meteringLimits.quickjs);
  return {
    bench: "metering",
    ...first,
    limits: meteringLimits,
    v8Flags: Object.fromEntries(options.tiers.map((tier) => [tier, tierFlags[tier]])),
    cpu: processor,
    cores,
    load: [begin, loadNow()],
    repeat: options.repeat,
    targetMs: options.targetMs,
    nodes: others,
    withinLimits,
    ok: true,
  };
}

function loadNow(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

interface NodeSetting {
  readonly binary: string;
  readonly folder: string;
  readonly options: MeteringOptions;
  readonly say: Say;
}

function measureNode(kernels: readonly Kernel[], setting: NodeSetting): NodeFigures {
  const { tiers } = setting.options;
  let node = "";
  let v8 = "";
  const figures = kernels.map((kernel) => {
    const found = tiers.map((tier) => [tier, measureKernel(kernel, tier, setting)] as const);
    const checksum = agreed(kernel, found);
    const byTier = Object.fromEntries(found.map(([tier, times]) => [tier, figureOf(times)]));
    const [[, times] = []] = found;
    if (times === undefined) throw new RangeError("at least one tier is measured");
    ({ node, v8 } = times);
    const sizeRatio = (times.forms.conformance?.bytes ?? 0) / kernel.bytes.length;
    const { name, language, sha256 } = kernel;
    const headline = figureOf(times);
    setting.say(`  ${name}: ${tiers.map((tier) => `${tier} ${ratioText(byTier[tier])}`).join(", ")}`);
    return { name, language, sha256, ...headline, sizeRatio, checksum, tiers: byTier };
  });
  const means = tiers.map((tier) => [
    tier,
    geometricMean(figures.map((one) => one.tiers[tier]?.ratio ?? NaN)),
  ]);
  const script = figures.find(({ name }) => name === scriptKernel);
  return {
    node,
    v8,
    geomean: geometricMean(figures.map(({ ratio }) => ratio)),
    worst: Math.max(...figures.map(({ ratio }) => ratio)),
    quickjs: script?.ratio ?? null,
    kernels: figures,
    tiers: Object.fromEntries(means) as TierRecord<number>, // keys are tiers
  };
}

/** Tiers may choose different rounds: checksums are compared where they did not. */
function agreed(kernel: Kernel, found: readonly (readonly [Tier, KernelTimes])[]): string {
  const byRounds = new Map<number, string>();
  for (const [tier, { rounds, checksum }] of found) {
    const known = byRounds.get(rounds) ?? checksum;
    if (kernel.name !== scriptKernel && known !== checksum)
      throw new TypeError(`${kernel.name}: tier ${tier} computed ${checksum} instead of ${known}`);
    byRounds.set(rounds, known);
  }
  return found[0]?.[1].checksum ?? "";
}

function measureKernel(kernel: Kernel, tier: Tier, { binary, folder, options }: NodeSetting): KernelTimes {
  const flags = tierFlags[tier];
  const words = [
    join(folder, `${kernel.name}.wasm`),
    kernel.forms.join(","),
    options.repeat,
    options.targetMs,
  ];
  const { status, stdout, stderr } = spawnSync(binary, [...flags, child, ...words.map(String)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new TypeError(`${kernel.name} ${flags.join(" ")}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout) as KernelTimes; // the child's line
}

function figureOf({ forms, rounds, settled }: KernelTimes): TierFigure {
  const base = forms.base?.ms ?? NaN;
  const ratio = (form: KernelForm): number => (forms[form]?.ms ?? 0) / base;
  const worse = Math.max(ratio("conformance"), ratio("agent"));
  const figure = { baseMs: base, instrumentedMs: worse * base, ratio: worse, rounds, settled };
  return forms.agent === undefined ? figure : { ...figure, agentRatio: ratio("agent") };
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function ratioText(figure: TierFigure | undefined): string {
  return figure === undefined ? "-" : `${figure.ratio.toFixed(3)}${figure.settled ? "" : " (not settled)"}`;
}

export function meteringTable({ node, v8, kernels, geomean, worst, quickjs, tiers }: NodeFigures): string {
  const columns = Object.keys(tiers) as Tier[]; // keys of a record of tiers
  const head = ["kernel", "language", "base ms", ...columns, "size"];
  const rows = kernels.map((kernel) => [
    kernel.name,
    kernel.language,
    digits(kernel.baseMs),
    ...columns.map((tier) => ratioText(kernel.tiers[tier])),
    kernel.sizeRatio.toFixed(2),
  ]);
  const means = ["geometric mean", "", "", ...columns.map((tier) => tiers[tier]?.toFixed(3) ?? "-"), ""];
  const summary = `geomean ${geomean.toFixed(3)}, worst ${worst.toFixed(3)}`;
  const script = quickjs === null ? "" : `, QuickJS ${quickjs.toFixed(3)}`;
  return `\nNode ${node} (V8 ${v8}): ${summary}${script}\n${figureTable(head, [...rows, means])}`;
}
