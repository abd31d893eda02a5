/** Which requests of one call are run together. Decides by shapes and the model's mode; never changes an answer. */

import type { BatchMode } from "@wasm-engine/core";
import { rowCount, shapeKey } from "./joined-run.js";
import type { Inputs } from "./joined-run.js";

/** Indices of requests that stand in one run, in their order. */
export interface Group {
  readonly members: readonly number[];
  /** A lone row is run beside a copy of itself. */
  readonly padded: boolean;
  /** Equal for requests of equal shape. */
  readonly key: string;
}

export function planGroups(requests: readonly Inputs[], mode: BatchMode, rowsMax: number): readonly Group[] {
  const open = new Map<string, { members: number[]; rows: number }>();
  const groups: Group[] = [];
  const close = (members: readonly number[], rows: number, key: string): void => {
    groups.push({ members, padded: mode === "min-2-rows" && rows === 1, key });
  };
  requests.forEach((inputs, index) => {
    const rows = rowCount(inputs);
    const key = shapeKey(inputs);
    if (mode === "serial" || rows === undefined || rows >= rowsMax) {
      groups.push({ members: [index], padded: false, key });
      return;
    }
    const group = open.get(key) ?? { members: [], rows: 0 };
    if (group.rows + rows > rowsMax) {
      close(group.members, group.rows, key);
      open.set(key, { members: [index], rows });
    } else {
      group.members.push(index);
      group.rows += rows;
      open.set(key, group);
    }
  });
  for (const [key, { members, rows }] of open) close(members, rows, key);
  return groups;
}
