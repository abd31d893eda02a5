/**
 * `sweep CONFIG`: a run per combination of seeds and values, and a table of what became of them. `sweep --from RUN`: a
 * fork per combination.
 */

import { resolve } from "node:path";
import { sweepConfig, sweepFutures, sweepTable } from "@wasm-engine/engine";
import type { SweepMetric, SweepOptions, SweepReport, SweepRow, SweptSetting } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { flagOption, integerOption, listOption, textOption } from "../command.js";
import { fail, usageError } from "../errors.js";
import { checkOutputFile, writeOutputFile } from "../output-file.js";
import { forkPoint } from "../fork-point.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

/** Rows that are shown; --out and --json have all. */
const rowsShownMax = 40;

type Value = SweptSetting["values"][number];

export const sweep: CommandFunction = async ({ parsed, reporter, signal }) => {
  const out = textOption(parsed, "out");
  const options = optionsOf(parsed);
  if (out !== undefined) checkOutputFile(out);
  let finished = 0;
  const onRow: SweepOptions["onRow"] = ({ index, error }, done, count) => {
    finished = done;
    reporter.progress(`${done} of ${count} runs`);
    if (error !== null) reporter.warn(`combination ${index}: ${error.code}: ${visible(error.message)}`);
  };
  try {
    const report = await sweepOf(parsed, { ...options, signal, onRow });
    const table = out === undefined ? null : writeOutputFile(out, sweepTable(report));
    return {
      document: { ...report, table },
      text: textOf(report, out),
      exitCode: report.failed === 0 ? 0 : 1,
    };
  } catch (error) {
    throw signal.aborted ? fail("WE_CLI_SWEEP_INTERRUPTED", { done: finished }) : error;
  }
};

async function sweepOf(parsed: Parsed, options: SweepOptions): Promise<SweepReport> {
  const config = parsed.arguments[0];
  const from = textOption(parsed, "from");
  const at = textOption(parsed, "at");
  if ((config === undefined) === (from === undefined))
    throw usageError("sweep", "it takes a configuration, or --from RUN with --at, and not both");
  if (from !== undefined) return sweepFutures(from, { ...options, at: forkPoint("sweep", at) });
  if (at !== undefined) throw usageError("sweep", "--at is a tick of the run that --from names");
  return sweepConfig(config ?? "", options);
}

function optionsOf(parsed: Parsed): SweepOptions {
  const seeds = textOption(parsed, "seeds");
  const ticks = integerOption(parsed, "ticks");
  const jobs = integerOption(parsed, "jobs");
  const dir = textOption(parsed, "dir");
  const metrics = metricsOf(parsed);
  if (jobs === 0) throw usageError("sweep", "--jobs is at least 1, not 0");
  return {
    ...(seeds === undefined ? {} : { seeds: seedsOf(seeds) }),
    ...(ticks === undefined ? {} : { ticks }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(dir === undefined ? {} : { dir }),
    ...(flagOption(parsed, "allowUnsigned") ? { allowUnsigned: true } : {}),
    settings: listOption(parsed, "set").map((text) => {
      const [path, values] = named("set", "PATH=V1,V2", text);
      return { path, values: valuesOf(values) };
    }),
    metrics,
  };
}

function metricsOf(parsed: Parsed): readonly SweepMetric[] {
  const metrics = listOption(parsed, "metric").map((text): SweepMetric => {
    const [name, expression] = named("metric", "NAME=EXPRESSION", text);
    return { name, expression };
  });
  const names = metrics.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice === undefined) return metrics;
  throw usageError("sweep", `--metric names a column each, and ${JSON.stringify(twice)} is there twice`);
}

function named(option: string, form: string, text: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw usageError("sweep", `--${option} takes ${form}, not ${JSON.stringify(text)}`);
  return [name, value];
}

/** `1..20` with both ends, or `1,2,5`. */
function seedsOf(text: string): readonly number[] {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && from <= to) {
    // More than are ever run are enough to be refused with a reason.
    return Array.from({ length: Math.min(to - from + 1, 1_000_000) }, (_, index) => from + index);
  }
  const seeds = text.split(",").map(Number);
  if (/^\d+(,\d+)*$/.test(text) && seeds.every((seed) => Number.isSafeInteger(seed)))
    return [...new Set(seeds)];
  throw usageError("sweep", `--seeds takes A..B or a list such as 1,2,5, not ${JSON.stringify(text)}`);
}

/** A JSON list, or values with commas between them: JSON where they are, else texts. */
function valuesOf(text: string): readonly Value[] {
  const whole = text.startsWith("[") ? jsonOf(text) : undefined;
  if (Array.isArray(whole) && whole.length > 0) return whole as Value[]; // JSON.parse yields nothing else
  return text.split(",").map((part) => jsonOf(part) ?? part);
}

function jsonOf(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value; // JSON.parse yields nothing else
  } catch {
    return undefined;
  }
}

function textOf({ rows, dir, reused, failed }: SweepReport, out: string | undefined): string {
  const [first] = rows;
  const [settings, metrics] = [Object.keys(first?.settings ?? {}), metricNames(rows)];
  const header = ["index", "seed", ...settings, "end", "ticks", "chain head", "faults", ...metrics];
  const shown = rows
    .slice(0, rowsShownMax)
    .map((row) => [
      row.index,
      row.seed ?? "",
      ...settings.map((name) => shownValue(row.settings[name])),
      row.error?.code ?? row.reason ?? "",
      row.ticks ?? "",
      (row.chainHead ?? "").slice(0, 12),
      row.faults ?? "",
      ...metrics.map((name) => shownValue(row.metrics[name])),
    ]);
  const rest = rows.length - rowsShownMax;
  return [
    textTable(header, shown),
    ...(rest > 0 ? [`and ${rest} more: --out FILE and --json have all`] : []),
    `${rows.length} runs, ${reused} of them known already, ${failed} failed`,
    `runs       ${dir}`,
    ...(out === undefined ? [] : [`table      ${resolve(out)}`]),
  ].join("\n");
}

function metricNames(rows: readonly SweepRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
}

function shownValue(value: Value | undefined): string | number {
  if (value === undefined || value === null) return "";
  return typeof value === "number"
    ? value
    : visible(typeof value === "string" ? value : JSON.stringify(value));
}
