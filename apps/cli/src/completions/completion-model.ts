/**
 * What can stand where on a command line, derived from the command table. The same for every shell: the files beside
 * this one only spell it. A placeholder says what its value is: <run>, <folder>, <file>, <config>.
 */

import type { CommandDefinition, OptionDefinition } from "../command.js";

/** What completes a value: a run of the project, a folder, a file, one of some words, or nothing that we know. */
export type Completion =
  | { readonly kind: "run" | "folder" | "file" | "unknown" }
  | { readonly kind: "words"; readonly words: readonly string[] };

export interface CompletedOption {
  /** `--out`, and `-q` where there is one. */
  readonly names: readonly string[];
  readonly summary: string;
  /** Absent: the option takes no value. */
  readonly value?: Completion;
}

export interface CompletedVerb {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** By position. */
  readonly values: readonly Completion[];
}

/** Completes the options of a verb, those that every verb has, and `--help`. */
export function completionModel(
  commands: readonly CommandDefinition[],
  commonOptions: readonly OptionDefinition[],
): readonly CompletedVerb[] {
  const names = commands.map(({ name }) => name);
  const help = { flags: "-h, --help", summary: "show what the verb does and its options" };
  const verbs = commands.map((command) => ({
    name: command.name,
    summary: command.summary,
    options: [...command.options, ...commonOptions, help].map(completedOption),
    values: command.arguments.map((argument) => completionOf(argument.name, argument.values)),
  }));
  const words: Completion = { kind: "words", words: names };
  return [...verbs, { name: "help", summary: "Show what a verb does", options: [], values: [words] }];
}

function completedOption({ flags, summary, values }: OptionDefinition): CompletedOption {
  const names = flags.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [];
  const placeholder = /<([^>]+)>/.exec(flags)?.[1];
  return {
    names,
    summary,
    ...(placeholder === undefined ? {} : { value: completionOf(placeholder, values) }),
  };
}

const files = new Set(["file", "path", "config", "source", "module", "bundle", "pattern"]);

function completionOf(placeholder: string, values: readonly string[] | undefined): Completion {
  if (values !== undefined) return { kind: "words", words: values };
  const word = placeholder.toLowerCase().replace(/[^a-z]/g, "");
  if (word === "run" || word === "folder") return { kind: word };
  return { kind: files.has(word) ? "file" : "unknown" };
}

/** A comment at the head of every script. */
export function scriptHead(shell: string, how: string): string {
  const made = `Made by \`wasm-engine completions ${shell}\`: make it anew after an update.`;
  return `# Completes wasm-engine in ${shell}. ${made}
# ${how}`;
}
