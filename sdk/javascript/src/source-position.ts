/** Places of a bundle as an author knows them: file, line, column, and the line of text. */

import { readFileSync } from "node:fs";
import { originOf } from "@wasm-engine/abi";
import type { Bundle } from "./bundle.js";

/** Lines of stack traces are unreadable beyond this. */
const lineCharactersMax = 200;

export interface Position {
  /** Relative to the folder of the entry. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export function placeOf({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** Where a place of the bundle comes from. @param line from 1 @param column from 1 */
export function positionIn(bundle: Bundle, line: number, column: number): Position {
  const origin = originOf(bundle, line, column);
  return origin === undefined
    ? { file: bundle.name, line, column }
    : { file: origin.source, line: origin.line, column: origin.column };
}

/** The text of the line at a position, shortened; empty where the file cannot be read. */
export function lineAt(bundle: Bundle, { file, line }: Position): string {
  const path = bundle.paths[bundle.sources.indexOf(file)];
  try {
    const text = path === undefined ? "" : readFileSync(path, "utf8");
    return shortened(text.split(/\r?\n/)[line - 1] ?? "");
  } catch {
    // Removed since it was bundled.
    return "";
  }
}

export function shortened(line: string): string {
  const text = line.trim();
  return text.length <= lineCharactersMax ? text : `${text.slice(0, lineCharactersMax)} …`;
}

/** A stack trace of the bundle in places of the sources. */
export function mappedTrace(bundle: Bundle, trace: string): string {
  return trace.replaceAll(
    new RegExp(`${bundle.name.replaceAll(".", "\\.")}:(\\d+)(?::(\\d+))?`, "g"),
    (_, line: string, column: string | undefined) =>
      placeOf(positionIn(bundle, Number(line), Number(column ?? 1))),
  );
}
