/**
 * Options of the programs of this repository that are not the command line of users: fuzzers, benches, proofs. All of
 * them answer `--help` with their usage, and what they do not know with one line and exit code 2.
 */

import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Program<Known extends Options> {
  /** The command as it is typed, with its options: one line or several. */
  readonly usage: string;
  readonly options: Known;
  /** Words without a dash are allowed. */
  readonly allowPositionals?: boolean;
  /** Words of the command line; default: those of this process. */
  readonly args?: readonly string[];
}

type Parsed<Known extends Options> = ReturnType<
  typeof parseArgs<{ options: Known; allowPositionals: boolean; strict: true }>
>;

/** What was given. `--help`, and whatever the program does not know, end the process. */
export function programOptions<const Known extends Options>(program: Program<Known>): Parsed<Known> {
  const { usage, options, allowPositionals = false, args = process.argv.slice(2) } = program;
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`Usage: ${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals, strict: true });
  } catch (error) {
    // Node goes on with advice that fits no program in particular.
    const [problem = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    return refuse(problem.replaceAll("\n", " "));
  }
}

/** Says in one line what is wrong with the command line, and ends the process with exit code 2. */
export function refuse(problem: string): never {
  process.stderr.write(`${problem}; --help tells what there is\n`);
  process.exit(2);
}

/** The whole number of an option, from `min` on; anything else ends the process. */
export function wholeNumber(name: string, text: string, min = 0): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  return refuse(`--${name} takes a whole number of at least ${min}, not "${text}"`);
}

/** The names of an option with commas between, each one of those that there are; anything else ends the process. */
export function chosenNames<Name extends string>(
  name: string,
  text: string | undefined,
  offered: readonly Name[],
): readonly Name[] {
  return (
    text?.split(",").map((word) => {
      const found = offered.find((candidate) => candidate === word);
      return found ?? refuse(`--${name} takes ${offered.join(", ")} with commas between, not "${word}"`);
    }) ?? offered
  );
}
