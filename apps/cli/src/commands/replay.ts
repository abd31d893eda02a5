/** `replay RUN`: executes every turn again and compares commit by commit. */

import { parseWorkers, replayRun } from "@wasm-engine/engine";
import type { BitFlip, FirstDivergence, ReplayOptions, ReplayReport } from "@wasm-engine/engine";
import { isAgentId } from "@wasm-engine/abi";
import type { CommandFunction, Parsed } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { visible } from "../visible.js";

export const replay: CommandFunction = async ({ parsed, reporter, signal }) => {
  const report = await replayRun(parsed.arguments[0] ?? "", {
    ...options(parsed),
    signal,
    onProgress: ({ tick, turnsExecuted }) =>
      reporter.progress(`replaying tick ${tick}  ${turnsExecuted} turns`),
  });
  return { document: report, text: textOf(report), exitCode: isGood(report) ? 0 : 3 };
};

function isGood({ verified, inference }: ReplayReport): boolean {
  return verified && (inference?.different ?? 0) === 0;
}

function options(parsed: Parsed): ReplayOptions {
  const from = integerOption(parsed, "from");
  const to = integerOption(parsed, "to");
  const workers = textOption(parsed, "workers");
  const flip = textOption(parsed, "testingFlipBit");
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(flagOption(parsed, "verifyInference") ? { verifyInference: true } : {}),
    ...(workers === undefined ? {} : { workers: parseWorkers(workers) }),
    ...(flip === undefined ? {} : { testing: { flip: bitFlip(flip) } }),
  };
}

/** `AGENT@TICK:BYTE.BIT`. */
function bitFlip(text: string): BitFlip {
  const match = /^([^@]+)@(\d+):(\d+)\.([0-7])$/.exec(text);
  const agent = match?.[1] ?? "";
  if (match === null || !isAgentId(agent)) {
    throw usageError("replay", `"${text}" is not AGENT@TICK:BYTE.BIT`);
  }
  return { agent, tick: Number(match[2]), byte: Number(match[3]), bit: Number(match[4]) };
}

function textOf(report: ReplayReport): string {
  const { verified, ticks, turnsExecuted, fuel, chainHead, firstDivergence } = report;
  if (firstDivergence !== undefined) return divergenceText(firstDivergence);
  const done = `${ticks} ticks, ${turnsExecuted} turns executed, ${fuel} fuel`;
  if (!verified) return `replay: not verified (${done})`;
  return [`replay: identical (${done})`, `chain head ${chainHead}`, ...inferenceLines(report)].join("\n");
}

function inferenceLines({ inference }: ReplayReport): string[] {
  if (inference === undefined) return [];
  const { models, compared, identical, withinTolerance, different, notCompared, firstDifference } = inference;
  const kinds = `${identical} identical, ${withinTolerance} within tolerance, ${different} different`;
  const counts = `${compared} answers compared: ${kinds}`;
  const lines = [notCompared === 0 ? counts : `${counts}; ${notCompared} are no model's`];
  for (const { name, provider, compared: how } of models) {
    const why = how === "bits" ? "same fingerprint, bit for bit" : "another fingerprint, by tolerance";
    lines.push(`model ${name} on ${provider}: ${why}`);
  }
  if (firstDifference !== undefined) {
    const { tick, model, requestId, detail } = firstDifference;
    lines.push(`first difference at tick ${tick}, model ${model}, request ${requestId}: ${visible(detail)}`);
  }
  return lines;
}

function divergenceText({ tick, agent, what, expected, actual }: FirstDivergence): string {
  return [
    `replay: DIVERGED at tick ${tick}${agent === undefined ? "" : `, agent ${agent}`}: ${what}`,
    `  expected ${expected}`,
    `  actual   ${actual}`,
  ].join("\n");
}
