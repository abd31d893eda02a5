/**
 * What the index holds: one event per input, turn, invocation, effect and fault, numbered from 0 in the order of the
 * world. Agents and topics are numbers of the index's table of names; name 0 is the empty one: the outside, no topic.
 */

export const TraceKind = {
  /** value: place in `inputNames` · number: seq · peer: receiver · request: of a result */
  INPUT: 1,
  /** value: fuel · number: invocations. The invocations and effects of the turn follow. */
  TURN: 2,
  /** value: MessageKind, or 16 + EntryCode · number: messageId · age: ticks since delivery · link: the one before */
  INVOCATION: 3,
  /** value: EffectKind · number: messageId or 0 · age: LogLevel · link: its invocation · text: of LOG */
  EFFECT: 4,
  /** value: FaultCode · age: guest code, as u32 · number: place among all faults, from 1 · link: its invocation */
  FAULT: 5,
  /** The agent has ended. */
  END: 6,
  /** value: fuel of the tick · text: its state hash, where one was due. The last event of a tick. */
  SEAL: 7,
} as const;
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind];

/** Kinds of inputs by their number in the index. */
export const inputNames = [
  "message",
  "publish",
  "task",
  "spawn",
  "stop",
  "terminate",
  "pause",
  "resume",
  "upgrade",
  "join",
  "leave",
  "provider-changed",
  "result",
  "cut",
  "cut-topic",
  "model-swapped",
] as const;

/** An invocation without a message: 16 + its EntryCode. */
export const bareEntry = 16;

export interface TraceEvent {
  readonly kind: TraceKind;
  readonly tick: number;
  readonly agent: number;
  readonly peer: number;
  readonly topic: number;
  readonly value: number;
  readonly number: number;
  readonly request: number;
  readonly age: number;
  /** Number of an earlier event; -1: none. */
  readonly link: number;
  /** Invocations that bring an answer: number of the effect that asked; -1: not known, or no answer. */
  readonly origin: number;
  readonly text: string;
}

export interface NumberedEvent extends TraceEvent {
  readonly event: number;
}

/** An event with nothing in it but its kind and tick. */
export function emptyEvent(kind: TraceKind, tick: number): TraceEvent {
  return {
    kind,
    tick,
    agent: 0,
    peer: 0,
    topic: 0,
    value: 0,
    number: 0,
    request: 0,
    age: 0,
    link: -1,
    origin: -1,
    text: "",
  };
}
