/** What every benchmark command understands, and how it ends: `--json` gives one document on stdout. */

import { parseArgs } from "node:util";

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

/** @throws with the usage of node's own parser */
export function benchOptions(defaults: {
  readonly sizes: readonly number[];
  /** Words of the command line; default: all. */
  readonly args?: readonly string[];
}): BenchOptions {
  const { values } = parseArgs({
    ...(defaults.args === undefined ? {} : { args: [...defaults.args] }),
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      sizes: { type: "string" },
      workers: { type: "string" },
    },
  });
  const sizes = values.sizes?.split(",").map(Number) ?? (values.quick ? [20] : defaults.sizes);
  const workers = values.workers === undefined ? undefined : Number(values.workers);
  if (
    ![...sizes, ...(workers === undefined ? [] : [workers])].every((value) => value >= 1 && value % 1 === 0)
  ) {
    throw new RangeError("--sizes takes whole numbers with commas between, --workers one: --sizes 50,1000");
  }
  return {
    json: values.json,
    quick: values.quick,
    keep: values.keep,
    sizes,
    workers,
  };
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
