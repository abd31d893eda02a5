/** Shape limits: file and function length, line width, names. Reads the syntax tree, never types. */

import ts from "typescript";
import type { SourceFile } from "./source-tree.js";

export const fileLinesMax = 500;
export const functionLinesMax = 70;
export const lineColumnsMax = 120;

/** Files that may be longer, each with its reason. */
export const longFiles: ReadonlyMap<string, string> = new Map([]);

/** A line that is one text literal: prose of tables reads better unbroken, and the formatter leaves it alone. */
const textOnly = /^\s*(?:[a-zA-Z]+: )?(["'`]).*\1,?$/;

const bannedFileNames = /(^|\/)(utils?|helpers?|common|misc|manager)\.[a-z]+$/;
const bannedWords: readonly (readonly [RegExp, string])[] = [
  [/\bgas\b/i, "fuel"],
  [/\bmanager\b/i, "name the noun it owns"],
  [/\bhelpers?\b/i, "name what it does"],
  [/(?<!node:)\butils?\b/i, "name what it does"],
];

/** Complaints about one TypeScript file. */
export function shapeComplaints(file: SourceFile): string[] {
  const text = file.text();
  const lines = text.split("\n");
  const complaints: string[] = [];
  const isTest = /\.test\.ts$|\/testing\//.test(file.path);
  if (bannedFileNames.test(file.path)) complaints.push(`${file.path}: banned file name`);
  if (!/^[a-z0-9.-]+$/.test(file.path.split("/").at(-1) ?? "")) {
    complaints.push(`${file.path}: file names are kebab-case`);
  }
  if (lines.length - 1 > fileLinesMax && !longFiles.has(file.path)) {
    complaints.push(`${file.path}: ${lines.length - 1} lines, at most ${fileLinesMax}`);
  }
  lines.forEach((line, index) => {
    if (line.length > lineColumnsMax && !textOnly.test(line)) {
      complaints.push(`${file.path}:${index + 1}: ${line.length} columns, at most ${lineColumnsMax}`);
    }
    if (file.path.startsWith("scripts/src/tidy/")) return;
    for (const [word, instead] of bannedWords) {
      if (word.test(line))
        complaints.push(`${file.path}:${index + 1}: banned word ${String(word)}: ${instead}`);
    }
    if (/\b(TO[D]O|FIX[M]E|X[X]X)\b/.test(line))
      complaints.push(`${file.path}:${index + 1}: unfinished work marker`);
    if (!isTest && /throw new Error\(/.test(line)) {
      complaints.push(`${file.path}:${index + 1}: throw a coded error of the package's table`);
    }
  });
  if (!isTest) complaints.push(...functionComplaints(file.path, text));
  return complaints;
}

function functionComplaints(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const complaints: string[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const first = lineOf(node.getStart(source));
      const length = lineOf(node.getEnd()) - first + 1;
      if (length > functionLinesMax) {
        complaints.push(`${path}:${first}: function of ${length} lines, at most ${functionLinesMax}`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return complaints;
}
