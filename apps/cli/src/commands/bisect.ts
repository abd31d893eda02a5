/** `bisect RUN`: the first tick at which an invariant or a test does not hold any more. */

import { bisectInvariant } from "@wasm-engine/engine";
import type { BisectReport } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { integerOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { violationLines } from "../violation-bundle.js";

export const bisect: CommandFunction = async ({ parsed, reporter, signal }) => {
  const good = integerOption(parsed, "good");
  const bad = integerOption(parsed, "bad");
  const invariant = textOption(parsed, "invariant");
  const test = textOption(parsed, "test");
  if ((invariant === undefined) === (test === undefined))
    throw usageError("bisect", "either --invariant NAME or --test EXPRESSION is needed");
  const report = await bisectInvariant(parsed.arguments[0] ?? "", {
    ...(good === undefined ? {} : { good }),
    ...(bad === undefined ? {} : { bad }),
    ...(invariant === undefined ? {} : { invariant }),
    ...(test === undefined ? {} : { test }),
    signal,
    onProgress: ({ tick }) => reporter.progress(`looked at tick ${tick}`),
  });
  return { document: report, text: textOf(report) };
};

function textOf({ steps, violation, dir, firstBad, lastGood, ticksExecuted }: BisectReport): string {
  const lines = steps.map(({ tick, holds, restoredFrom, ticksExecuted: executed }) => {
    const origin = restoredFrom < 0 ? "the start" : `the snapshot of tick ${restoredFrom}`;
    return `  tick ${tick}: ${holds ? "holds" : "does not hold"} (${executed} ticks executed from ${origin})`;
  });
  return [
    `first bad tick ${firstBad}, last good ${lastGood < 0 ? "the start" : lastGood}; ${ticksExecuted} ticks executed`,
    ...lines,
    ...violationLines(violation, dir),
  ].join("\n");
}
