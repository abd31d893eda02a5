/** Runs whole files of the official suite in one world and counts. */

import { EngineError } from "@wasm-engine/abi";
import type { ConformanceCommand, ConformanceFile } from "./conformance.js";
import { difference } from "./suite-expectation.js";
import { SuiteWorld, trapOf } from "./suite-world.js";
import type { Preparation } from "./suite-world.js";

export interface SuiteCounts {
  /** Modules that ran. */
  modules: number;
  /** Modules that were refused with a code. */
  refused: number;
  returns: number;
  traps: number;
  /** Modules that must not link or must trap at their start. */
  links: number;
  /** Invalid and malformed binary modules, each of which was refused with a code. */
  invalid: number;
  /** Malformed modules in the text format, which nobody reads here. */
  text: number;
  /** Commands that need a refused module. */
  skipped: number;
  readonly failures: string[];
  /** Codes and features of refusals. */
  readonly refusals: Map<string, number>;
}

export function emptyCounts(): SuiteCounts {
  return {
    modules: 0,
    refused: 0,
    returns: 0,
    traps: 0,
    links: 0,
    invalid: 0,
    text: 0,
    skipped: 0,
    failures: [],
    refusals: new Map(),
  };
}

/**
 * Runs one file. After a refused module, commands that need it are skipped: those up to the next module, and from then
 * on those for named modules, which it might have changed through what it imports.
 */
export function runSuiteFile(file: ConformanceFile, prepare: Preparation, counts: SuiteCounts): void {
  const world = new SuiteWorld(prepare);
  let refused = false;
  let anyRefused = false;
  for (const command of file.commands) {
    const place = `${file.name}:${command.line} ${command.type}`;
    if (command.type === "module") {
      refused = !loads(world, file, command, counts);
      anyRefused ||= refused;
      continue;
    }
    const alone = command.type === "assert_invalid" || command.type === "assert_malformed";
    if (!alone && (refused || (anyRefused && command.action?.module !== undefined))) {
      counts.skipped += 1;
      continue;
    }
    try {
      const problem = runCommand(world, { file, command, prepare }, counts);
      if (problem !== undefined) counts.failures.push(`${place}: ${problem}`);
    } catch (error) {
      counts.failures.push(`${place}: ${String(error)}`);
    }
  }
}

/** Code, and feature where there is one, of a refusal; `undefined` for anything else. */
function refusalOf(error: unknown): string | undefined {
  if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") return undefined;
  const { feature } = error.details;
  return typeof feature === "string" ? `${error.code} ${feature}` : error.code;
}

function loads(
  world: SuiteWorld,
  file: ConformanceFile,
  command: ConformanceCommand,
  counts: SuiteCounts,
): boolean {
  try {
    world.instantiate(file, command.filename ?? "", command.name);
    counts.modules += 1;
    return true;
  } catch (error) {
    const reason = refusalOf(error);
    if (reason !== undefined) {
      counts.refused += 1;
      counts.refusals.set(reason, (counts.refusals.get(reason) ?? 0) + 1);
    } else {
      counts.failures.push(`${file.name}:${command.line} module: ${String(error)}`);
    }
    return false;
  }
}

interface SuiteStep {
  readonly file: ConformanceFile;
  readonly command: ConformanceCommand;
  readonly prepare: Preparation;
}

function runCommand(world: SuiteWorld, step: SuiteStep, counts: SuiteCounts): string | undefined {
  const { file, command } = step;
  const { type, action } = command;
  const results = (command.expected ?? []).map((value) => value.type);
  switch (type) {
    case "register":
      world.register(command.as ?? "", command.name);
      return undefined;
    case "action":
    case "assert_return":
      if (action === undefined) return "no action";
      counts.returns += 1;
      return difference(world.perform(action, results), command.expected ?? []);
    case "assert_trap":
    case "assert_exhaustion":
      if (action === undefined) return "no action";
      counts.traps += 1;
      return world.perform(action, results).kind === "trap" ? undefined : "did not trap";
    case "assert_uninstantiable":
    case "assert_unlinkable":
      counts.links += 1;
      return failsToInstantiate(world, file, command);
    case "assert_invalid":
    case "assert_malformed":
      return isRefused(step, counts);
    default:
      return "unknown command";
  }
}

function failsToInstantiate(
  world: SuiteWorld,
  file: ConformanceFile,
  command: ConformanceCommand,
): string | undefined {
  try {
    world.instantiate(file, command.filename ?? "", undefined);
    return "was instantiated";
  } catch (error) {
    if (error instanceof WebAssembly.LinkError || error instanceof TypeError) return undefined;
    if (refusalOf(error) !== undefined) return undefined;
    return trapOf(error).kind === "trap" ? undefined : "did not trap";
  }
}

function isRefused({ file, command, prepare }: SuiteStep, counts: SuiteCounts): string | undefined {
  if (command.module_type === "text" || command.filename === undefined) {
    counts.text += 1;
    return undefined;
  }
  counts.invalid += 1;
  try {
    prepare(file.module(command.filename));
    return `was accepted: ${command.text ?? ""}`;
  } catch (error) {
    return refusalOf(error) === undefined ? `refused without a code: ${String(error)}` : undefined;
  }
}
