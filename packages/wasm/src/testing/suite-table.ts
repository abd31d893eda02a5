/** The reports of a suite as Markdown: one row per file. The same on every machine, so that a document can hold it. */

import type { SuiteFileReport } from "./suite-report.js";

const heads = [
  "file",
  "modules",
  "returns",
  "traps",
  "links",
  "invalid",
  "fuel totals",
  "left out",
  "refused",
  "failed",
];

/** Sums of a suite; `refused` by code and feature. */
export interface SuiteTotals {
  readonly files: number;
  readonly modules: number;
  readonly returns: number;
  readonly traps: number;
  readonly links: number;
  readonly invalid: number;
  readonly text: number;
  readonly skipped: number;
  readonly fuelTotals: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly failed: number;
}

export function suiteTotals(files: readonly SuiteFileReport[]): SuiteTotals {
  const sum = (of: (file: SuiteFileReport) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  const refused: Record<string, number> = {};
  for (const file of files) {
    for (const [reason, count] of Object.entries(file.refused))
      refused[reason] = (refused[reason] ?? 0) + count;
  }
  return {
    files: files.length,
    modules: sum(({ modules }) => modules),
    returns: sum(({ returns }) => returns),
    traps: sum(({ traps }) => traps),
    links: sum(({ links }) => links),
    invalid: sum(({ invalid }) => invalid),
    text: sum(({ text }) => text),
    skipped: sum(({ skipped }) => skipped),
    fuelTotals: sum(({ fuelTotals }) => fuelTotals),
    refused,
    failed: sum(({ failures }) => failures.length),
  };
}

/** Rows of files, then the totals. Refusals without their common code. */
export function suiteTable(files: readonly SuiteFileReport[]): string {
  const totals = suiteTotals(files);
  const row = (values: readonly (string | number)[]): string => `| ${values.join(" | ")} |`;
  const values = (name: string, counts: Omit<SuiteTotals, "files">): string =>
    row([
      name,
      ...[
        counts.modules,
        counts.returns,
        counts.traps,
        counts.links,
        counts.invalid,
        counts.fuelTotals,
        counts.text + counts.skipped,
      ],
      reasons(counts.refused),
      counts.failed,
    ]);
  return [
    row(heads),
    row(heads.map((head) => (head === "file" || head === "refused" ? "---" : "---:"))),
    ...files.map((file) => values(file.file, { ...file, failed: file.failures.length })),
    values(`**${totals.files} files**`, totals),
  ].join("\n");
}

function reasons(refused: Readonly<Record<string, number>>): string {
  return Object.entries(refused)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, count]) => `${count} ${reason.replace(/^WE_MODULE_FEATURE_REFUSED /, "")}`)
    .join(", ");
}
