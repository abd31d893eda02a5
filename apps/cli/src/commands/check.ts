/** `check RUN`: replays a run and tells the first tick at which an invariant does not hold. */

import { checkInvariants, loadInvariants } from "@wasm-engine/engine";
import type { CheckReport } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { integerOption, listOption, textOption } from "../command.js";
import { fail } from "../errors.js";
import { violationLines, bundleViolation } from "../violation-bundle.js";

export const check: CommandFunction = async ({ parsed, reporter, signal }) => {
  const from = integerOption(parsed, "from");
  const to = integerOption(parsed, "to");
  const names = listOption(parsed, "invariant");
  const tests = listOption(parsed, "test");
  const config = textOption(parsed, "config");
  const report = await checkInvariants(parsed.arguments[0] ?? "", {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(names.length === 0 ? {} : { names }),
    ...(config === undefined ? {} : { invariants: await loadInvariants(config) }),
    tests,
    signal,
    onProgress: ({ tick }) => reporter.progress(`checking tick ${tick}`),
  });
  for (const { name, expression, checked, decided } of report.invariants) {
    if (checked === 0 || decided > 0) continue;
    if (report.holds && tests.includes(expression))
      throw fail("WE_INVARIANT_UNDECIDED", { expression, checked, run: report.dir });
    reporter.warn(
      `invariant ${name} never had a value in ${checked} evaluations: is a name below state misspelt?`,
    );
  }
  const { violation, dir, runId } = report;
  const out = textOption(parsed, "bundle");
  const isBundle = dir.endsWith(".bundle") || dir.endsWith(".wrun");
  const bundle =
    violation === null || (isBundle && out === undefined)
      ? undefined
      : await bundleViolation({ dir, runId, violation }, { out, reporter });
  return {
    document: { ...report, bundle: bundle ?? null },
    text: textOf(report, bundle),
    exitCode: report.holds ? 0 : 1,
  };
};

function textOf(report: CheckReport, bundle: string | undefined): string {
  const { violation, dir, invariants, ticksExecuted, from, to } = report;
  if (violation !== null) {
    return [
      ...violationLines(violation, dir),
      ...(bundle === undefined ? [] : [`bundle     ${bundle}`]),
    ].join("\n");
  }
  const lines = invariants.map(({ name, checked }) => `  ${name}: ${checked} times`);
  return [`holds from tick ${from} to ${to} (${ticksExecuted} ticks executed)`, ...lines].join("\n");
}
