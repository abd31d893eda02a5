/** Acknowledgements of many inputs in one event: what becomes durable by one sync is answered at one go. */

import { connectionCallsFrom } from "./control.js";
import type { Acknowledgement, WorldEvent } from "./control.js";
import type { Durability } from "./contract.js";
import type { PendingAcknowledgement } from "./session-calls.js";

type Acknowledged = Extract<WorldEvent, { readonly kind: "acknowledged" }>;

const rowNumbers = 4;

/** The events that answer `pending`: one for calls of connections, one for those of the client. */
export function acknowledgedEvents(
  pending: readonly PendingAcknowledgement[],
  durability: Durability,
): readonly Acknowledged[] {
  const isOfConnection = ({ id }: PendingAcknowledgement): boolean => id > connectionCallsFrom;
  const groups = [pending.filter(isOfConnection), pending.filter((entry) => !isOfConnection(entry))];
  return groups.flatMap((group) => {
    return group.length === 0 ? [] : [{ kind: "acknowledged" as const, rows: rowsOf(group), durability }];
  });
}

function rowsOf(group: readonly PendingAcknowledgement[]): Float64Array {
  const rows = new Float64Array(group.length * rowNumbers);
  for (const [index, { id, tick, seq, count }] of group.entries()) {
    const at = index * rowNumbers;
    rows[at] = id;
    rows[at + 1] = tick;
    rows[at + 2] = seq;
    rows[at + 3] = count;
  }
  return rows;
}

/** Calls `take` with every call that the event answers. */
export function forEachAcknowledgement(
  { rows, durability }: Acknowledged,
  take: (id: number, value: Acknowledgement) => void,
): void {
  for (let at = 0; at < rows.length; at += rowNumbers) {
    const id = rows[at] ?? 0;
    const tick = rows[at + 1] ?? 0;
    const seq = rows[at + 2] ?? 0;
    const count = rows[at + 3] ?? 0;
    for (let place = 0; place < count; place += 1) take(id + place, { tick, seq: seq + place, durability });
  }
}
