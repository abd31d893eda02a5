/** Runs whole files of the official suite in one world and counts. */

import { EngineError } from "@wasm-engine/abi";
import type { ConformanceCommand, ConformanceFile } from "./conformance.js";
import { difference } from "./suite-expectation.js";
import { SuiteWorld, trapOf } from "./suite-world.js";
import type { Preparation } from "./suite-world.js";

export interface SuiteCounts {
  modules: number;
  refused: number;
  returns: number;
  traps: number;
  links: number;
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
    skipped: 0,
    failures: [],
    refusals: new Map(),
  };
}

/** Runs one file. After a refused module, commands that need it are skipped. */
export function runSuiteFile(file: ConformanceFile, prepare: Preparation, counts: SuiteCounts): void {
  const world = new SuiteWorld(prepare);
  let refused = false;
  for (const command of file.commands) {
    const place = `${file.name}:${command.line} ${command.type}`;
    if (command.type === "module") {
      refused = !loads(world, file, command, counts);
    } else if (refused) {
      counts.skipped += 1;
    } else {
      try {
        const problem = runCommand(world, file, command, counts);
        if (problem !== undefined) counts.failures.push(`${place}: ${problem}`);
      } catch (error) {
        counts.failures.push(`${place}: ${String(error)}`);
      }
    }
  }
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
    if (EngineError.is(error) && error.code !== "WE_INTERNAL_ASSERTION") {
      counts.refused += 1;
      const { feature } = error.details;
      const reason = typeof feature === "string" ? `${error.code} ${feature}` : error.code;
      counts.refusals.set(reason, (counts.refusals.get(reason) ?? 0) + 1);
    } else {
      counts.failures.push(`${file.name}:${command.line} module: ${String(error)}`);
    }
    return false;
  }
}

function runCommand(
  world: SuiteWorld,
  file: ConformanceFile,
  command: ConformanceCommand,
  counts: SuiteCounts,
): string | undefined {
  const { type, action } = command;
  const expected = command.expected ?? [];
  switch (type) {
    case "register":
      world.register(command.as ?? "", command.name);
      return undefined;
    case "action":
    case "assert_return": {
      if (action === undefined) return "no action";
      counts.returns += 1;
      return difference(
        world.perform(
          action,
          expected.map((value) => value.type),
        ),
        expected,
      );
    }
    case "assert_trap":
    case "assert_exhaustion": {
      if (action === undefined) return "no action";
      counts.traps += 1;
      const results = expected.map((value) => value.type);
      return world.perform(action, results).kind === "trap" ? undefined : "did not trap";
    }
    case "assert_uninstantiable":
    case "assert_unlinkable":
      counts.links += 1;
      return failsToInstantiate(world, file, command);
    default:
      counts.skipped += 1;
      return undefined;
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
    return trapOf(error).kind === "trap" ? undefined : "did not trap";
  }
}
