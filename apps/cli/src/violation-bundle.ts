/** What a broken invariant leaves behind: the run in one file, to be looked at elsewhere, and sentences for people. */

import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { bundleRun, violationText } from "@wasm-engine/engine";
import type { Violation } from "@wasm-engine/engine";
import { fail } from "./errors.js";
import type { Reporter } from "./reporter.js";
import { visible } from "./visible.js";

/**
 * Writes the run beside its folder, or to `out`; a file that an earlier check wrote beside it is replaced. Returns its
 * path, or undefined where it could not be written: what was found counts more.
 */
export async function bundleViolation(
  { dir, runId, violation }: { readonly dir: string; readonly runId: string; readonly violation: Violation },
  { out, reporter }: { readonly out: string | undefined; readonly reporter: Reporter },
): Promise<string | undefined> {
  const name = `${runId}-${violation.invariant}-${violation.tick}.bundle`;
  const path = out === undefined ? join(dir, "..", name) : resolve(out);
  try {
    if (out === undefined) rmSync(path, { force: true });
    return (await bundleRun(dir, { out: path })).path;
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    reporter.warn(`no bundle was written: ${visible(error.message)}`);
    return undefined;
  }
}

/** The error that ends a run. */
export function violated(
  violation: Violation,
  run: string,
  details: Readonly<Record<string, unknown>>,
): Error {
  const { invariant, tick, agent } = violation;
  return fail("WE_INVARIANT_VIOLATED", {
    invariant,
    tick,
    where: agent === null ? "" : ` for agent ${agent}`,
    values: visible(violationText(violation)),
    before: tick === 0 ? "start" : tick - 1,
    run,
    violation,
    ...details,
  });
}

/** Lines about what is broken, where, and how to look at it. */
export function violationLines(violation: Violation, run: string): readonly string[] {
  const { invariant, expression, tick, agent, values } = violation;
  const only = agent === null ? "" : ` --agent ${agent}`;
  return [
    `violated at tick ${tick}${agent === null ? "" : `, agent ${agent}`}: ${invariant}`,
    `  ${visible(expression)}`,
    ...values.map(({ path, value }) => `  ${visible(path)} = ${visible(JSON.stringify(value))}`),
    `look       wasm-engine inspect ${run} --at ${tick}${only}`,
  ];
}
