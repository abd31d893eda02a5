/**
 * Causes as the index has them. An effect is caused by its invocation; an invocation by the message, answer, task or
 * start that it was made for; and that by the effect or input behind it. Every event has at most one nearest cause, so
 * the chain from an event back to an input is the shortest there is.
 */

import { EffectKind, EntryCode, MessageKind } from "@wasm-engine/abi";
import type { WhyReport } from "./contract.js";
import type { EventIndex } from "./event-index.js";
import { chainLinksMax } from "./limits.js";
import { TraceKind, bareEntry } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";

/** The nearest cause of an event; undefined where nothing in the world caused it. */
export function resolveCause(index: EventIndex, event: NumberedEvent): NumberedEvent | undefined {
  if (event.kind === TraceKind.EFFECT || event.kind === TraceKind.FAULT)
    return event.link < 0 ? undefined : index.at(event.link);
  if (event.kind !== TraceKind.INVOCATION) return undefined;
  const { value, age, tick, number, peer } = event;
  const delivered = tick - age;
  // Who answered comes before who asked: the question is found behind the answer.
  const answer =
    value === MessageKind.ANSWER && number > 0
      ? sentIn(index, delivered - 1, { agent: peer, number })
      : undefined;
  if (answer !== undefined) return answer;
  if (event.origin >= 0) return index.at(event.origin);
  if (value === MessageKind.MESSAGE && peer === 0) return inputOf(index, delivered, number);
  if (value === MessageKind.MESSAGE) return sentIn(index, delivered - 1, { agent: peer, number });
  return undefined;
}

function inputOf(index: EventIndex, tick: number, seq: number): NumberedEvent | undefined {
  for (const event of index.ofTick(tick))
    if (event.kind === TraceKind.INPUT && event.number === seq) return event;
  return undefined;
}

function sentIn(
  index: EventIndex,
  tick: number,
  message: { readonly agent: number; readonly number: number },
): NumberedEvent | undefined {
  for (const event of index.ofTick(tick)) {
    const isMessage =
      event.kind === TraceKind.EFFECT &&
      (event.value === EffectKind.SEND || event.value === EffectKind.PUBLISH);
    if (isMessage && event.agent === message.agent && event.number === message.number) return event;
  }
  return undefined;
}

export interface CauseChain {
  readonly events: readonly NumberedEvent[];
  readonly root: WhyReport["root"];
}

/** From `event` back to where it came from. */
export function causeChain(index: EventIndex, event: NumberedEvent): CauseChain {
  const events = [event];
  for (let at = event; ;) {
    const cause = resolveCause(index, at);
    if (cause === undefined) return { events, root: rootOf(at) };
    if (events.length >= chainLinksMax) return { events, root: "cut" };
    events.push(cause);
    at = cause;
  }
}

function rootOf({ kind, value }: NumberedEvent): WhyReport["root"] {
  if (kind === TraceKind.INPUT) return "input";
  if (kind !== TraceKind.INVOCATION) return "unknown";
  if (value === MessageKind.CADENCE) return "cadence";
  return value === MessageKind.START || value === bareEntry + EntryCode.INIT ? "start" : "unknown";
}
