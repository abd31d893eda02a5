/** `explain CODE`: what an error code means, and what to do. */

import { docsPath } from "@wasm-engine/abi";
import type { CommandFunction } from "../command.js";
import { flagOption } from "../command.js";
import { errorCatalogue } from "../error-catalogue.js";
import { fail } from "../errors.js";
import { textTable } from "../table.js";

export const explain: CommandFunction = ({ parsed }) => {
  const catalogue = errorCatalogue();
  const asked = parsed.arguments[0]?.toUpperCase().replaceAll("-", "_");
  if (asked === undefined || flagOption(parsed, "list")) {
    const rows = catalogue.map(({ code, exitCode, message }) => [code, exitCode, message]);
    return Promise.resolve({
      document: { codes: catalogue },
      text: textTable(["code", "exit", "message"], rows),
    });
  }
  const entry = catalogue.find(({ code }) => code === asked || code === `WE_${asked}`);
  if (entry === undefined)
    throw fail("WE_CLI_UNKNOWN_CODE", { code: asked, suggestion: suggestionFor(asked, catalogue) });
  const text = [
    `${entry.code} (exit code ${entry.exitCode})`,
    "",
    `  ${entry.message}`,
    "",
    entry.explanation,
    "",
    `What to do: ${entry.hint}`,
  ].join("\n");
  return Promise.resolve({ document: { ...entry, docs: docsPath(entry.code as `WE_${string}`) }, text }); // table keys
};

function suggestionFor(asked: string, catalogue: readonly { readonly code: string }[]): string {
  const words = new Set(asked.split("_"));
  const score = (code: string): number => code.split("_").filter((word) => words.has(word)).length;
  const best = [...catalogue].sort((left, right) => score(right.code) - score(left.code))[0];
  return best !== undefined && score(best.code) > 1
    ? `did you mean ${best.code}?`
    : "see `wasm-engine explain --list`";
}
