/** Events in words, and the pages of `trace`: events in order, filtered, bounded. */

import { EffectKind, EntryCode, FaultCode, MessageKind } from "@wasm-engine/abi";
import { levelName } from "../world/observation.js";
import { resolveCause } from "./causes.js";
import type { TraceFilter, TracePage, TraceRow } from "./contract.js";
import type { EventIndex } from "./event-index.js";
import { traceEventsMax } from "./limits.js";
import { TraceKind, bareEntry, inputNames } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";

const effectWords: Readonly<Record<EffectKind, string>> = {
  [EffectKind.LOG]: "said",
  [EffectKind.SEND]: "sent",
  [EffectKind.PUBLISH]: "published",
  [EffectKind.JOIN]: "joined",
  [EffectKind.LEAVE]: "left",
  [EffectKind.SCHEDULE]: "scheduled",
  [EffectKind.TASK]: "task",
  [EffectKind.CANCEL]: "cancelled",
  [EffectKind.INFER]: "asked",
  [EffectKind.CALL_TOOL]: "called",
  [EffectKind.SPAWN]: "spawned",
  [EffectKind.EXIT]: "exited",
};

/** An event for people and programs. Turns and seals have no row. */
export function rowOf(index: EventIndex, event: NumberedEvent): TraceRow {
  const cause = resolveCause(index, event);
  const { tick, kind, agent, peer, topic, request, text } = event;
  const word = wordOf(event);
  const detail = detailOf(event);
  return {
    event: event.event,
    tick,
    kind: word,
    agentId: index.name(kind === TraceKind.INPUT ? peer : agent),
    id: idOf(index, event),
    peer: kind === TraceKind.INPUT ? "" : index.name(peer),
    topic: index.name(topic),
    ...(cause === undefined ? {} : { cause: cause.event }),
    ...(request === 0 ? {} : { request }),
    ...(detail === undefined ? {} : { detail }),
    ...(text === "" ? {} : { text }),
  };
}

function wordOf({ kind, value }: NumberedEvent): string {
  if (kind === TraceKind.INPUT) return "input";
  if (kind === TraceKind.INVOCATION) return "received";
  if (kind === TraceKind.EFFECT) return effectWords[value as EffectKind]; // written by the scribe
  if (kind === TraceKind.FAULT) return "fault";
  return kind === TraceKind.END ? "end" : "tick";
}

/** How the command line names an event. A message has the name that its sender and its receivers know it by. */
export function idOf(index: EventIndex, event: NumberedEvent): string {
  const { kind, agent, peer, number, value } = event;
  if (kind === TraceKind.INPUT) return `input:${number}`;
  if (kind === TraceKind.FAULT) return `fault:${number}`;
  if (kind === TraceKind.EFFECT && number > 0) return `${index.name(agent)}:${number}`;
  if (kind === TraceKind.INVOCATION && number > 0 && isMail(value))
    return peer === 0 ? `input:${number}` : `${index.name(peer)}:${number}`;
  return `#${event.event}`;
}

export function isMail(value: number): boolean {
  return value === MessageKind.MESSAGE || value === MessageKind.ANSWER;
}

function detailOf({ kind, value, age }: NumberedEvent): string | undefined {
  if (kind === TraceKind.INPUT) return inputNames[value] ?? "";
  if (kind === TraceKind.INVOCATION)
    return value >= bareEntry ? nameIn(EntryCode, value - bareEntry) : nameIn(MessageKind, value);
  if (kind === TraceKind.FAULT)
    return `${nameIn(FaultCode, value).toUpperCase()}${age === 0 ? "" : ` ${age | 0}`}`;
  if (kind !== TraceKind.EFFECT) return undefined;
  if (value === EffectKind.LOG) return levelName(age);
  if (value === EffectKind.EXIT) return String(age | 0);
  return value === EffectKind.SEND && age === MessageKind.ANSWER ? "answer" : undefined;
}

function nameIn(table: Readonly<Record<string, number>>, value: number): string {
  return (
    Object.entries(table)
      .find(([, number]) => number === value)?.[0]
      ?.toLowerCase() ?? String(value)
  );
}

/** Events from number `after` on that pass the filter, at most `limit`. */
export function tracePage(
  index: EventIndex,
  { filter, after, limit = traceEventsMax }: { filter: TraceFilter; after?: number; limit?: number },
): TracePage {
  const { fromTick = 0, toTick = Infinity } = filter;
  const start = Math.max(after ?? 0, fromTick > 0 ? index.firstOf(fromTick) : 0);
  const rows: TraceRow[] = [];
  const asOfTick = index.tick;
  const passes = filterOf(index, filter);
  const most = Math.min(limit, traceEventsMax);
  if (passes !== undefined) {
    for (const event of index.from(start)) {
      if (event.tick > toTick) break;
      if (!passes(event)) continue;
      if (rows.length >= most) return { asOfTick, rows, next: event.event, end: index.events };
      rows.push(rowOf(index, event));
    }
  }
  return { asOfTick, rows, end: index.events };
}

/** undefined: no event has one of the names, so none passes. */
function filterOf(index: EventIndex, filter: TraceFilter): ((event: NumberedEvent) => boolean) | undefined {
  const names = (["agent", "from", "to", "topic"] as const).map((key) => {
    const name = filter[key];
    return name === undefined ? -1 : (index.find(name) ?? -2);
  });
  const [agent = -1, from = -1, to = -1, topic = -1] = names;
  if (names.includes(-2)) return undefined;
  return (event) => {
    const { kind, value } = event;
    if (kind === TraceKind.TURN || kind === TraceKind.SEAL) return false;
    if (
      filter.console === true &&
      kind !== TraceKind.FAULT &&
      !(kind === TraceKind.EFFECT && value === EffectKind.LOG)
    )
      return false;
    const [sender, receiver] = endsOf(event);
    if (agent >= 0 && event.agent !== agent && event.peer !== agent) return false;
    if (from >= 0 && sender !== from) return false;
    if (to >= 0 && receiver !== to) return false;
    return topic < 0 || event.topic === topic;
  };
}

function endsOf({ kind, agent, peer }: NumberedEvent): readonly [sender: number, receiver: number] {
  if (kind === TraceKind.INPUT) return [0, peer];
  return kind === TraceKind.INVOCATION ? [peer, agent] : [agent, peer];
}
