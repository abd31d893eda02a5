/** docs/reference: one page per error code and one for the command line, from the tables that drive the product. */

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { commands, errorCatalogue } from "wasm-engine";
import type { CatalogueEntry, CommandDefinition } from "wasm-engine";
import { repositoryRoot } from "./tidy/source-tree.js";

const folder = "docs/reference";

/** Path from the repository root to text. */
export function referencePages(): Map<string, string> {
  const entries = errorCatalogue();
  const pages = new Map(
    entries.map((entry) => [`${folder}/errors/${slugOf(entry.code)}.md`, errorPage(entry)]),
  );
  pages.set(`${folder}/errors/README.md`, errorIndex(entries));
  pages.set(`${folder}/cli.md`, cliPage(commands));
  return pages;
}

/** Pages that differ from, or lack in, what is committed; and committed pages that should not be there. */
export function stalePages(): string[] {
  const pages = referencePages();
  const stale = [...pages].filter(([path, text]) => committed(path) !== text).map(([path]) => path);
  const present = readdirSync(join(repositoryRoot, folder, "errors")).map(
    (name) => `${folder}/errors/${name}`,
  );
  return [...stale, ...present.filter((path) => !pages.has(path))];
}

function committed(path: string): string | undefined {
  try {
    return readFileSync(join(repositoryRoot, path), "utf8");
  } catch {
    return undefined;
  }
}

const slugOf = (code: string): string => code.toLowerCase().replaceAll("_", "-");

function errorPage({ code, message, hint, exitCode, explanation, area }: CatalogueEntry): string {
  return [
    `# ${code}`,
    "",
    `> ${message}`,
    "",
    explanation,
    "",
    `**What to do:** ${hint}`,
    "",
    `Exit code ${exitCode}. Raised by \`${area}\`.`,
    "",
  ].join("\n");
}

function errorIndex(entries: readonly CatalogueEntry[]): string {
  return [
    "# Error codes",
    "",
    "Match on the code; texts are for people. `wasm-engine explain CODE` prints the same page.",
    "",
    "| code | exit | message |",
    "|---|--:|---|",
    ...entries.map(indexRow),
    "",
  ].join("\n");
}

function indexRow({ code, exitCode, message }: CatalogueEntry): string {
  return `| [${code}](${slugOf(code)}.md) | ${exitCode} | ${message.replaceAll("|", "\\|")} |`;
}

function cliPage(definitions: readonly CommandDefinition[]): string {
  return [
    "# Command line",
    "",
    "`npx wasm-engine VERB`. Results go to stdout, everything else to stderr. With `--json` stdout is exactly one JSON",
    "document, also on failure, then with a member `error` {code, message, hint, docs}.",
    "",
    "Exit codes: 0 ok; 1 the thing run failed; 2 usage; 3 divergence, difference or failed verification; 4 environment;",
    "5 limit exceeded; 70 internal; 130 interrupted.",
    "",
    ...definitions.flatMap(verbSection),
  ].join("\n");
}

function verbSection(definition: CommandDefinition): string[] {
  const { name, description, arguments: args, options, examples, exitCodes } = definition;
  const places = args.map(({ name, optional, variadic }) => {
    const shown = variadic === true ? `${name}…` : name;
    return optional === true ? `[${shown}]` : `<${shown}>`;
  });
  const usage = ["wasm-engine", name, ...places, "[options]"];
  return [
    `## ${name}`,
    "",
    description,
    "",
    "```",
    usage.join(" "),
    "```",
    "",
    ...args.map((arg) => `- \`${arg.name}\`: ${arg.summary}`),
    ...options.map((option) => `- \`${option.flags}\`: ${option.summary}`),
    "",
    "```",
    ...examples,
    "```",
    "",
    `Exit codes: ${exitCodes}`,
    "",
  ];
}

function write(): void {
  rmSync(join(repositoryRoot, folder, "errors"), { recursive: true, force: true });
  for (const [path, text] of referencePages()) {
    mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true });
    writeFileSync(join(repositoryRoot, path), text);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) write();
