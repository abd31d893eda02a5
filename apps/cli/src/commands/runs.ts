/** `runs`: every run of the project, newest first. */

import { listRuns } from "@wasm-engine/engine";
import type { RunSummary } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

export const runs: CommandFunction = async () => {
  const found = await listRuns();
  const rows = found.map((run) => [
    run.runId,
    visible(run.name),
    stateOf(run),
    run.ticks ?? "",
    (run.chainHead ?? "").slice(0, 12),
    run.createdAt === undefined ? "" : ageOf(Date.now() - Date.parse(run.createdAt)),
    sizeOf(run.bytes),
  ]);
  const header = ["run", "name", "state", "ticks", "chain head", "age", "size"];
  const text =
    rows.length === 0 ? "no runs here: wasm-engine run engine.yaml starts one" : textTable(header, rows);
  return { document: { runs: found }, text };
};

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

function sizeOf(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [size, unit] = [bytes, 0];
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ""}`;
}
