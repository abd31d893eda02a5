/** Rows of a sweep as CSV (RFC 4180, lines end in LF). */

import type { SweepReport, SweepRow } from "./contract.js";

const figures = ["reason", "ticks", "chainHead", "agents", "turns", "messages", "faults", "fuel"] as const;

/** A header and one line per combination; what is not known is empty. */
export function sweepTable({ rows }: Pick<SweepReport, "rows">): string {
  const namesIn = (part: "settings" | "metrics"): readonly string[] => [
    ...new Set(rows.flatMap((row) => Object.keys(row[part]))),
  ];
  const [settings, metrics] = [namesIn("settings"), namesIn("metrics")];
  const header = ["index", "seed", ...settings, "ok", ...figures, ...metrics, "error", "run"];
  const lineOf = (row: SweepRow): readonly unknown[] => [
    row.index,
    row.seed,
    ...settings.map((name) => row.settings[name]),
    row.ok,
    ...figures.map((name) => row[name]),
    ...metrics.map((name) => row.metrics[name]),
    row.error?.code,
    row.dir,
  ];
  return [header, ...rows.map(lineOf)].map((fields) => `${fields.map(csvField).join(",")}\n`).join("");
}

function csvField(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
