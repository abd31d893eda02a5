/** What a verb is: plain data that drives parsing, help and documentation, and a function loaded when needed. */

import type { Reporter } from "./reporter.js";

export interface OptionDefinition {
  /** As commander spells it: `--ticks <n>`. */
  readonly flags: string;
  readonly summary: string;
  /** `integer`: a whole number >= 0; `list`: may be repeated. */
  readonly type?: "integer" | "list";
  /** What the value is one of, for shells that complete it. */
  readonly values?: readonly string[];
}

export interface ArgumentDefinition {
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  /** Takes all that is left; they follow one another in `Parsed.arguments`. The last argument only. */
  readonly variadic?: boolean;
  /** What it is one of, for shells that complete it. */
  readonly values?: readonly string[];
}

/** Parsed command line of one verb. Option names in camel case. */
export interface Parsed {
  readonly arguments: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a verb did: the JSON document of `--json`, and the text for people (stdout). */
export interface Outcome {
  readonly document: unknown;
  readonly text: string;
  /** 0 unless the thing that was asked for came out negative (3: divergence, 1: failed). */
  readonly exitCode?: number;
  /** The lines were already streamed to stdout (`--follow`); print nothing more. */
  readonly streamed?: boolean;
}

export interface CommandContext {
  readonly parsed: Parsed;
  readonly reporter: Reporter;
  /** Aborted by Ctrl-C or SIGTERM: finish the tick, seal, return. */
  readonly signal: AbortSignal;
}

export type CommandFunction = (context: CommandContext) => Promise<Outcome>;

export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly string[];
  readonly exitCodes: string;
  readonly load: () => Promise<CommandFunction>;
}

/** Typed access to parsed options; the parser has already checked forms. */
export function textOption(parsed: Parsed, name: string): string | undefined {
  const value = parsed.options[name];
  return typeof value === "string" ? value : undefined;
}

export function integerOption(parsed: Parsed, name: string): number | undefined {
  const value = parsed.options[name];
  return typeof value === "number" ? value : undefined;
}

export function flagOption(parsed: Parsed, name: string): boolean {
  return parsed.options[name] === true;
}

export function listOption(parsed: Parsed, name: string): readonly string[] {
  const value = parsed.options[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
