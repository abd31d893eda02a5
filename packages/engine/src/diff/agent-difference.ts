/** What differs in one agent after a tick that two worlds have executed: what it sent, its memory, its fuel. */

import { OUTSIDE, decodeMessage } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import type { AgentView, TickResult } from "@wasm-engine/core";
import type { AgentImage } from "@wasm-engine/executor";
import { readablePayload } from "../world/payload.js";
import { reportMessage } from "../world/report.js";
import type { MemoryDifference, MessageDifference, SentMessage } from "./diff-contract.js";
import { listedDifferencesMax, pageBytes } from "./limits.js";

/** One world after the tick, with everything that tells agents apart. */
export interface Scene {
  readonly views: ReadonlyMap<AgentId, AgentView>;
  readonly images: ReadonlyMap<AgentHandle, AgentImage>;
  readonly digests: ReadonlyMap<AgentId, Uint8Array>;
  readonly sent: ReadonlyMap<AgentHandle, readonly SentMessage[]>;
  /** Agents that took a turn in the tick, in plan order. */
  readonly turns: readonly AgentId[];
}

/** What each agent sent in a tick: mail that was not there before, what left the world, requests. */
export function sentMessages(
  before: ReadonlyMap<AgentId, ReadonlySet<string>>,
  after: ReadonlyMap<AgentId, AgentView>,
  result: TickResult | undefined,
): ReadonlyMap<AgentHandle, readonly SentMessage[]> {
  const sent = new Map<AgentHandle, SentMessage[]>();
  const note = (agent: AgentHandle, message: SentMessage): void => {
    const messages = sent.get(agent);
    if (messages === undefined) sent.set(agent, [message]);
    else messages.push(message);
  };
  for (const [id, view] of after) {
    // Mail stays in order and only leaves from the front: what is new is the end.
    const kept = before.get(id);
    for (const bytes of view.mailbox.filter((mail) => kept?.has(keyOf(mail)) !== true)) {
      const { peer } = decodeMessage(bytes);
      if (peer === OUTSIDE) continue;
      const { kind, topic, payload } = reportMessage(bytes);
      note(peer as AgentHandle, { to: id, message: { kind, topic, payload } }); // a sender's handle
    }
  }
  for (const { kind, agentId, topic, encoding, payload } of result?.departures ?? []) {
    const handle = after.get(agentId)?.handle;
    const message = { kind, topic, payload: readablePayload(encoding, payload) };
    if (handle !== undefined) note(handle, { to: "outside", message });
  }
  for (const { agent, kind, name, encoding, payload } of result?.requests ?? []) {
    const message = { kind: "request", topic: name, payload: readablePayload(encoding, payload) };
    note(agent, { to: kind === "tool" ? `tool ${name}` : `model ${name}`, message });
  }
  return sent;
}

/** What lies in the mailboxes: taken before a tick, because the world reuses the memory of mail. */
export function mailOf(views: ReadonlyMap<AgentId, AgentView>): ReadonlyMap<AgentId, ReadonlySet<string>> {
  return new Map([...views].map(([id, { mailbox }]) => [id, new Set(mailbox.map(keyOf))]));
}

function keyOf(mail: Uint8Array): string {
  return Buffer.from(mail.buffer, mail.byteOffset, mail.byteLength).toString("base64");
}

/**
 * Agents whose digest differs or who live in one world only. First, in plan order, those who did something else; then
 * those who only have other mail: others have sent it in this tick.
 */
export function differingAgents(left: Scene, right: Scene, isSameGenesis: boolean): readonly AgentId[] {
  const ids = [...new Set([...left.digests.keys(), ...right.digests.keys()])];
  const differing = new Set(ids.filter((id) => differs(left, right, id, isSameGenesis)));
  const inOrder = [...left.turns, ...right.turns, ...[...differing].sort()].filter((id) => differing.has(id));
  return [...new Set([...inOrder.filter((id) => didDiffer(left, right, id)), ...inOrder])];
}

/** Digests hold specifications and seeds too: where the genesis differs, they say nothing about what agents did. */
function differs(left: Scene, right: Scene, id: AgentId, isSameGenesis: boolean): boolean {
  const [ours, theirs] = [left.digests.get(id), right.digests.get(id)];
  if (ours === undefined || theirs === undefined) return true;
  if (isSameGenesis) return !equalBytes(ours, theirs);
  return didDiffer(left, right, id);
}

/** What an agent did, in contrast to what was done to it. */
function didDiffer(left: Scene, right: Scene, id: AgentId): boolean {
  return (
    messageDifferences(left, right, id).length > 0 ||
    fuelDifference(left, right, id) !== undefined ||
    memoryDifference(left, right, id) !== undefined
  );
}

/** What the agent sent in one world and not in the other, side by side by place. */
export function messageDifferences(left: Scene, right: Scene, id: AgentId): readonly MessageDifference[] {
  const [ours, theirs] = [sentBy(left, id), sentBy(right, id)];
  const differences: MessageDifference[] = [];
  for (let index = 0; index < Math.max(ours.length, theirs.length); index += 1) {
    const [own, other] = [ours[index], theirs[index]];
    if (JSON.stringify(own) === JSON.stringify(other)) continue;
    differences.push({
      ...(own === undefined ? {} : { left: own }),
      ...(other === undefined ? {} : { right: other }),
    });
  }
  return differences.slice(0, listedDifferencesMax);
}

function sentBy({ views, sent }: Scene, id: AgentId): readonly SentMessage[] {
  const handle = views.get(id)?.handle;
  return handle === undefined ? [] : (sent.get(handle) ?? []);
}

export function fuelDifference(
  left: Scene,
  right: Scene,
  id: AgentId,
): { readonly left: number; readonly right: number } | undefined {
  const [ours, theirs] = [left.views.get(id)?.fuel, right.views.get(id)?.fuel];
  return ours === undefined || theirs === undefined || ours === theirs
    ? undefined
    : { left: ours, right: theirs };
}

/** The first differing byte of the agent's memory. A memory that is longer differs where the other ends. */
export function memoryDifference(left: Scene, right: Scene, id: AgentId): MemoryDifference | undefined {
  const [ours, theirs] = [imageOf(left, id)?.memory, imageOf(right, id)?.memory];
  if (ours === undefined || theirs === undefined) return undefined;
  const length = Math.max(ours.length, theirs.length);
  let first: number | undefined;
  let pages = 0;
  for (let page = 0; page * pageBytes < length; page += 1) {
    const [start, end] = [page * pageBytes, (page + 1) * pageBytes];
    if (equalBytes(ours.subarray(start, end), theirs.subarray(start, end))) continue;
    pages += 1;
    first ??= firstByte(ours, theirs, start);
  }
  if (first === undefined) return undefined;
  return {
    address: first,
    page: Math.floor(first / pageBytes),
    offset: first % pageBytes,
    left: ours[first] ?? 0,
    right: theirs[first] ?? 0,
    pages,
    leftBytes: ours.length,
    rightBytes: theirs.length,
  };
}

function firstByte(left: Uint8Array, right: Uint8Array, start: number): number {
  let address = start;
  while (left[address] === right[address]) address += 1;
  return address;
}

function imageOf({ views, images }: Scene, id: AgentId): AgentImage | undefined {
  const handle = views.get(id)?.handle;
  return handle === undefined ? undefined : images.get(handle);
}
