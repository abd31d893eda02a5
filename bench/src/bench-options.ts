/** What every benchmark command understands, and how it ends: `--json` gives one document on stdout. */

import { basename } from "node:path";
import { programOptions, wholeNumber } from "../../packages/wasm/dist/testing/program-options.js";

export interface BenchOptions {
  /** The last line of stdout is one JSON document, and tables go to stderr. */
  readonly json: boolean;
  /** Shortest form that shows that everything works: its figures mean nothing. */
  readonly quick: boolean;
  /** Agents of the worlds that are measured. */
  readonly sizes: readonly number[];
  /** Threads of the measured runs; absent: the engine's own choice. */
  readonly workers: number | undefined;
  /** Keeps the run folders. */
  readonly keep: boolean;
}

/** The options that every command has. `--help` and what is wrong end the process. */
export function benchOptions(defaults: {
  readonly sizes: readonly number[];
  /** Words of the command line; default: all. */
  readonly args?: readonly string[];
  /** Usage of options that only this command has. */
  readonly more?: string;
}): BenchOptions {
  const { values } = programOptions({
    usage: `${commandName()}${defaults.more ?? ""} [--sizes 50,1000] [--workers N] [--quick] [--keep] [--json]`,
    ...(defaults.args === undefined ? {} : { args: defaults.args }),
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      sizes: { type: "string" },
      workers: { type: "string" },
    },
  });
  const given = values.sizes?.split(",").map((text) => wholeNumber("sizes", text, 1));
  const sizes = given ?? (values.quick ? [20] : defaults.sizes);
  const workers = values.workers === undefined ? undefined : wholeNumber("workers", values.workers, 1);
  return {
    json: values.json,
    quick: values.quick,
    keep: values.keep,
    sizes,
    workers,
  };
}

/** How the command of this process is typed. */
export function commandName(): string {
  const name = basename(process.argv[1] ?? "", ".js");
  return `npm run bench${name === "main" ? "" : `:${name}`} --`;
}

/** A line for people. */
export type Say = (text: string) => void;

export function sayTo({ json }: Pick<BenchOptions, "json">): Say {
  return (text) => void (json ? process.stderr : process.stdout).write(`${text}\n`);
}

/** The document is the last line of stdout. */
export function finish<Document extends { readonly ok: boolean }>(
  { json }: Pick<BenchOptions, "json">,
  document: Document,
): void {
  if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  process.exitCode = document.ok ? 0 : 1;
}
