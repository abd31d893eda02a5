/** `fork RUN --at T`: a run that shares the history of another one, and with `--run` goes on at once. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { forkRun, parseOverrides, parseWorkers } from "@wasm-engine/engine";
import type {
  ForkInputs,
  ForkOptions,
  ForkOverrides,
  ForkPoint,
  ForkReport,
  RunResult,
} from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome, Parsed } from "../command.js";
import { flagOption, integerOption, listOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { forkPoint } from "../fork-point.js";
import { run } from "./run.js";

type Json = ForkOverrides["inputs"] extends Readonly<Record<number, infer Value>> | undefined ? Value : never;

export const fork: CommandFunction = async (context) => {
  const { parsed, reporter, signal } = context;
  const options = optionsOf(parsed);
  const report = await forkRun(parsed.arguments[0] ?? "", { ...options, signal });
  if (!flagOption(parsed, "run")) {
    return { document: { ...report, reused: 0, asked: 0 }, text: textOf(report) };
  }
  reporter.note(forkedText(report));
  return goneOn(context, report);
};

/** The fork goes on as `run --resume` would, and the report is that of `run` with what is known of the fork. */
async function goneOn({ parsed, reporter, signal }: CommandContext, report: ForkReport): Promise<Outcome> {
  const { ticks, workers } = parsed.options;
  const resumed: Parsed = { arguments: [], options: { resume: report.dir, ticks, workers } };
  const outcome = await run({ parsed: resumed, reporter, signal });
  const result = outcome.document as RunResult; // that of `run`
  const { reused, asked } = result.answers;
  const document = { ...report, ...result, reused, asked };
  const answers = `answers: ${reused} reused, ${asked} asked`;
  const text = `${outcome.text}\nforked     at ${pointText(report)} of ${report.parent}; ${answers}`;
  return { ...outcome, document, text };
}

function optionsOf(parsed: Parsed): ForkOptions {
  const dir = textOption(parsed, "dir");
  const workers = textOption(parsed, "workers");
  const at = forkPoint("fork", textOption(parsed, "at"));
  checkEnd(parsed, at);
  return {
    at,
    inputs: inputsOf(textOption(parsed, "inputs")),
    overrides: {
      ...parseOverrides(listOption(parsed, "set")),
      inputs: changedInputs(listOption(parsed, "input")),
      dropped: listOption(parsed, "dropInput").map((text) => sequence("drop-input", text)),
      cut: listOption(parsed, "cut"),
    },
    ...(dir === undefined ? {} : { dir }),
    ...(workers === undefined ? {} : { workers: parseWorkers(workers) }),
  };
}

/** A run up to a tick that its history has behind it would execute nothing and look like a success. */
function checkEnd(parsed: Parsed, at: ForkPoint): void {
  const ticks = integerOption(parsed, "ticks");
  if (ticks === undefined) return;
  if (!flagOption(parsed, "run")) {
    throw usageError("fork", "--ticks says how far --run goes; without --run the fork is only made");
  }
  const first = at === "start" ? 0 : at + 1;
  if (ticks > first) return;
  throw usageError(
    "fork",
    `--ticks counts from the start of the run: after a fork at ${at} it is above ${first}; got ${ticks}`,
  );
}

function inputsOf(text: string | undefined): ForkInputs {
  if (text === undefined || text === "keep" || text === "none") return text ?? "keep";
  const file = resolve(text);
  if (existsSync(file)) return { file };
  throw usageError("fork", `--inputs is keep, none, or a file; there is no file ${JSON.stringify(text)}`);
}

function changedInputs(texts: readonly string[]): Record<number, Json> {
  const pairs = texts.map((text): readonly [number, Json] => {
    const equals = text.indexOf("=");
    const seq = sequence("input", equals < 0 ? text : text.slice(0, equals));
    return [seq, payload(text, equals < 0 ? "" : text.slice(equals + 1))];
  });
  const changed = new Map(pairs);
  if (changed.size < pairs.length) throw usageError("fork", "--input names one of the inputs twice");
  return Object.fromEntries(changed);
}

function sequence(option: string, text: string): number {
  const seq = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seq)) return seq;
  throw usageError("fork", `--${option} names an input by its sequence, not by ${JSON.stringify(text)}`);
}

function payload(text: string, value: string): Json {
  try {
    return JSON.parse(value) as Json; // JSON.parse yields nothing else
  } catch {
    throw usageError("fork", `--input is SEQ=JSON, and what follows in ${JSON.stringify(text)} is no JSON`);
  }
}

function pointText({ at }: ForkReport): string {
  return at < 0 ? "the start" : `tick ${at}`;
}

function forkedText(report: ForkReport): string {
  const { keptInputs, recordedAnswers, upgraded, cut, parent } = report;
  const future = `${keptInputs} inputs and ${recordedAnswers} answers are kept`;
  const changed = upgraded.length === 0 ? "" : `; ${upgraded.length} agents get another module`;
  const off = cut.length === 0 ? "" : `; cut off: ${cut.join(", ")}`;
  return `forked at ${pointText(report)} of ${parent}: ${future}${changed}${off}`;
}

function textOf(report: ForkReport): string {
  const { dir, chainHead } = report;
  return [
    forkedText(report),
    `chain head ${chainHead}`,
    `run        ${dir}`,
    `next       wasm-engine run --resume ${dir}`,
  ].join("\n");
}
