/** `runs`: every run of the project, newest first, or with `--tree` forks below their parents. */

import { listRuns } from "@wasm-engine/engine";
import type { RunSummary } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption } from "../command.js";
import { sizeOf } from "../size-text.js";
import { textTable } from "../table.js";
import { shortened, visible } from "../visible.js";

export const runs: CommandFunction = async ({ parsed }) => {
  const found = await listRuns();
  const isTree = flagOption(parsed, "tree");
  const shown = isTree ? treeOf(found) : found.map((run) => ({ run, depth: 0 }));
  const rows = shown.map(({ run, depth }) => [
    `${"  ".repeat(depth)}${run.runId}`,
    visible(run.name),
    ...(isTree ? [originOf(run)] : []),
    stateOf(run),
    run.ticks ?? "",
    (run.chainHead ?? "").slice(0, 12),
    run.createdAt === undefined ? "" : ageOf(Date.now() - Date.parse(run.createdAt)),
    sizeOf(run.bytes),
  ]);
  const header = [
    "run",
    "name",
    ...(isTree ? ["forked"] : []),
    "state",
    "ticks",
    "chain head",
    "age",
    "size",
  ];
  const text =
    rows.length === 0 ? "no runs here: wasm-engine run engine.yaml starts one" : textTable(header, rows);
  return { document: { runs: found }, text };
};

/** Characters of an override: digests of modules and prompts are long. */
const overrideShownMax = 48;

interface TreeRow {
  readonly run: RunSummary;
  readonly depth: number;
}

/** Forks below the runs that they were made from, oldest first; one whose parent is gone stands at the top. */
function treeOf(found: readonly RunSummary[]): readonly TreeRow[] {
  const known = new Set(found.map(({ runId }) => runId));
  const children = new Map<string, RunSummary[]>();
  for (const run of [...found].reverse()) {
    const above = run.parent !== undefined && known.has(run.parent.runId) ? run.parent.runId : "";
    children.set(above, [...(children.get(above) ?? []), run]);
  }
  const below = (runId: string, depth: number): readonly TreeRow[] =>
    (children.get(runId) ?? []).flatMap((run) => [{ run, depth }, ...below(run.runId, depth + 1)]);
  return below("", 0);
}

function originOf({ parent }: RunSummary): string {
  if (parent === undefined) return "";
  const point = parent.at < 0 ? "at start" : `at ${parent.at}`;
  return [point, ...parent.overrides.map((text) => visible(shortened(text, overrideShownMax)))].join(", ");
}

function stateOf({ state, pid, isReachable }: RunSummary): string {
  if (pid === undefined) return state;
  return isReachable ? `running (${pid})` : `running (${pid}), not reachable`;
}

const minuteMs = 60_000;

function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / minuteMs));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}
