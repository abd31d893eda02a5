/** Turns the command table into a parser. Every usage error becomes one coded error. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { CommandDefinition, OptionDefinition, Parsed } from "./command.js";
import { usageError } from "./errors.js";

export interface Invoked {
  readonly command: CommandDefinition;
  readonly parsed: Parsed;
}

/** Options that every verb has. */
export const commonOptions: readonly OptionDefinition[] = [
  { flags: "--json", summary: "one JSON document on stdout, at the end" },
  { flags: "-q, --quiet", summary: "no progress, no notes" },
  { flags: "--verbose", summary: "stack traces of errors" },
];

/**
 * Parses `argv` (without node and script). Returns undefined where help or the version was printed.
 * @throws {WE_CLI_USAGE}
 */
export async function parseCommandLine(
  commands: readonly CommandDefinition[],
  argv: readonly string[],
  version: string,
): Promise<Invoked | undefined> {
  let invoked: Invoked | undefined;
  const program = new Command("wasm-engine")
    .description("Runs worlds of WebAssembly agents deterministically; replays, inspects and verifies them.")
    .version(version, "-V, --version")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError(true);
  for (const definition of commands) {
    const command = addCommand(program, definition);
    command.action(() => {
      // commander keeps declared arguments here, those of a variadic one as a list
      const given = (command.processedArgs as (string | undefined | string[])[]).flat(); // see above
      invoked = { command: definition, parsed: { arguments: given, options: command.opts() } };
    });
  }
  if (argv.length === 0) {
    program.outputHelp();
    return undefined;
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const named = commands.find(({ name }) => name === argv[0])?.name;
    // The parser puts its suggestion on a line of its own.
    const problem = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
    throw usageError(named, problem);
  }
  return invoked;
}

function addCommand(program: Command, definition: CommandDefinition): Command {
  const command = program
    .command(definition.name)
    .summary(definition.summary)
    .description(definition.description)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText("beforeAll", `Examples:\n${definition.examples.map((line) => `  $ ${line}`).join("\n")}\n`)
    .addHelpText("after", `\nExit codes: ${definition.exitCodes}`);
  for (const { name, summary, optional, variadic } of definition.arguments) {
    const shown = variadic === true ? `${name}...` : name;
    command.argument(optional === true ? `[${shown}]` : `<${shown}>`, summary);
  }
  for (const option of [...definition.options, ...commonOptions]) command.addOption(optionOf(option));
  return command;
}

function optionOf({ flags, summary, type }: OptionDefinition): Option {
  const option = new Option(flags, summary);
  if (type === "integer") option.argParser(wholeNumber);
  if (type === "list")
    option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
  return option;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("a whole number from 0 on is expected");
  }
  return value;
}
