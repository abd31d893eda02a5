/**
 * Streams: results to stdout, everything else to stderr. With `--json` exactly one document goes to stdout. Progress
 * is a line that rewrites itself on a terminal and appears rarely elsewhere.
 */

import type { EngineError } from "@wasm-engine/abi";
import { styleText } from "node:util";

export interface ReporterOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

type Style = "red" | "yellow" | "cyan" | "green" | "bold" | "dim";

export class Reporter {
  readonly #options: ReporterOptions;
  #progressShown = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** The result of the verb. */
  result(document: unknown, text: string): void {
    this.#endProgress();
    const body = this.#options.json ? jsonText(document) : text;
    if (body !== "") this.#options.stdout.write(body.endsWith("\n") ? body : `${body}\n`);
  }

  /** One line of a stream (`--follow`, or text rows too many to gather). */
  row(document: unknown, text: string): void {
    this.#endProgress();
    this.#options.stdout.write(`${this.#options.json ? jsonText(document) : text}\n`);
  }

  note(text: string): void {
    if (this.#options.quiet) return;
    this.#endProgress();
    this.#options.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.#endProgress();
    this.#options.stderr.write(`${this.#style("yellow", "warning")}: ${text}\n`);
  }

  /** Rewrites the progress line. Only on a terminal: elsewhere a log should not fill with it. */
  progress(text: string): void {
    if (this.#options.quiet || this.#options.stderr.isTTY !== true) return;
    this.#options.stderr.write(`\r\u001b[2K${text}`);
    this.#progressShown = true;
  }

  /** Prints an error for people, most important last; and, with `--json`, as the one document. */
  failure(error: EngineError, document: Readonly<Record<string, unknown>>): void {
    this.#endProgress();
    if (this.#options.json) {
      const { code, message, hint, docs } = error;
      // What is beside the error already is not told twice.
      const details = Object.fromEntries(Object.entries(error.details).filter(([name]) => name !== "result"));
      this.#options.stdout.write(
        `${jsonText({ ...document, error: { code, message, hint, docs, details } })}\n`,
      );
    }
    if (this.#options.verbose && error.stack !== undefined) this.#options.stderr.write(`${error.stack}\n`);
    this.#options.stderr.write(`${this.#style("red", `error[${error.code}]`)}: ${error.message}\n`);
    if (error.hint !== undefined)
      this.#options.stderr.write(`\n${this.#style("cyan", "hint")}: ${error.hint}\n`);
    this.#options.stderr.write(`docs: wasm-engine explain ${error.code}\n`);
  }

  #endProgress(): void {
    if (!this.#progressShown) return;
    this.#options.stderr.write("\r\u001b[2K");
    this.#progressShown = false;
  }

  #style(style: Style, text: string): string {
    return this.#options.stderr.isTTY === true && (process.env["NO_COLOR"] ?? "") === ""
      ? styleText(style, text)
      : text;
  }
}

/** JSON with bytes as hex and big integers as decimal text. */
function jsonText(document: unknown): string {
  return JSON.stringify(document, (_key, value: unknown) => {
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    // Keys are text in our documents.
    if (value instanceof Map) return Object.fromEntries(value) as Record<string, unknown>; // see above
    return value;
  });
}
