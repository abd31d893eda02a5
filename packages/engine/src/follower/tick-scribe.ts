/**
 * Turns executed ticks into events of the index. Effects count from the tick in which their turn becomes visible, as in
 * the world; what an answer answers is remembered here, so that questions about causes need no search.
 */

import {
  EffectKind,
  EntryCode,
  MessageFlag,
  MessageKind,
  OUTSIDE,
  decodeMessage,
  decodeUtf8,
} from "@wasm-engine/abi";
import type { AgentHandle, Effect, Message } from "@wasm-engine/abi";
import type { Input, InputBody, TickResult } from "@wasm-engine/core";
import type { StackMap } from "../modules/stack-map.js";
import type { Track } from "../replay/track.js";
import { hex } from "../world/report.js";
import type { EventIndex } from "./event-index.js";
import { indexTextBytesMax, openRequestsMax } from "./limits.js";
import { TraceKind, bareEntry, emptyEvent, inputNames } from "./trace-event.js";
import type { NumberedEvent, TraceEvent } from "./trace-event.js";
import type { TappedInvocation, TappedTurn, TurnTap } from "./turn-tap.js";

/** One executed tick. */
export interface ExecutedTick {
  readonly tick: number;
  readonly inputs: readonly Input[];
  readonly result: TickResult;
  readonly track: Track;
}

type Draft = Partial<Omit<TraceEvent, "kind" | "tick">>;

/** A turn that has been executed, with everything copied out of the regions. */
interface KeptTurn {
  readonly agent: AgentHandle;
  readonly visibleTick: number;
  readonly fuel: number;
  readonly faultIndex: number;
  readonly invocations: readonly TappedInvocation[];
  readonly effects: readonly { readonly invocation: number; readonly event: Draft }[];
}

export class TickScribe {
  readonly #index: EventIndex;
  readonly #tap: TurnTap;
  readonly #stacks: StackMap;
  /** By agent and request, task or child: the event that began it. */
  readonly #origins = new Map<string, number>();
  readonly #lastInvocation = new Map<number, number>();
  readonly #slices = new Map<AgentHandle, number>();
  #held: readonly KeptTurn[] = [];
  #faults = 0;

  constructor(index: EventIndex, tap: TurnTap, stacks: StackMap) {
    this.#index = index;
    this.#tap = tap;
    this.#stacks = stacks;
  }

  /** Remembers what an existing index says, to go on with it. */
  recall(): void {
    for (const event of this.#index.from(0)) {
      if (event.kind === TraceKind.FAULT) this.#faults = event.number;
      if (event.kind === TraceKind.INVOCATION) {
        this.#lastInvocation.set(event.agent, event.event);
        if (event.request > 0 && event.value !== MessageKind.TOKEN) this.#origins.delete(requestName(event));
      }
      const name = originName(event);
      if (name !== undefined) this.#remember(name, event.event);
    }
  }

  /** Looks at a tick whose events the index holds already: only turns that go on are of interest. */
  pass(executed: ExecutedTick): void {
    this.#landing(executed);
    executed.track.faults.note(executed.tick, executed.result);
  }

  /** Writes the events of a tick. */
  write(executed: ExecutedTick): void {
    const { tick, inputs, result, track } = executed;
    const faulty = new Map<string, number>();
    for (const input of inputs) this.#writeInput(tick, input);
    for (const turn of this.#landing(executed)) this.#writeTurn(tick, turn, faulty);
    const details = track.faults.note(tick, result);
    result.faults.forEach(({ agentId, code, guestCode }, place) => {
      this.#faults += 1;
      this.#add(TraceKind.FAULT, tick, {
        agent: this.#index.numberOf(agentId),
        value: code,
        number: this.#faults,
        age: guestCode >>> 0,
        link: faulty.get(agentId) ?? -1,
        text: cut(details[place]?.detail ?? ""),
      });
    });
    for (const id of result.ended) this.#add(TraceKind.END, tick, { agent: this.#index.numberOf(id) });
    const { fuel, stateHash } = result.commit;
    const text = stateHash === undefined ? "" : hex(stateHash);
    this.#add(TraceKind.SEAL, tick, { value: fuel, number: result.figures.turns, text });
    this.#index.endTick(tick, result.chainHead);
  }

  #add(kind: TraceKind, tick: number, draft: Draft): number {
    return this.#index.append({ ...emptyEvent(kind, tick), ...draft });
  }

  #remember(name: string, event: number): void {
    if (this.#origins.size < openRequestsMax) this.#origins.set(name, event);
  }

  #writeInput(tick: number, { seq, body }: Input): void {
    const value = inputNames.indexOf(body.kind);
    const event = this.#add(TraceKind.INPUT, tick, { value, number: seq, ...this.#inputFields(body) });
    if (body.kind === "task") this.#remember(`task ${this.#index.numberOf(body.task.taskId)}`, event);
    if (body.kind === "spawn") this.#remember(`child ${this.#index.numberOf(body.spec.id)}`, event);
  }

  #inputFields(body: InputBody): Draft {
    const peer = (id: string): Draft => ({ peer: this.#index.numberOf(id) });
    const topic = (name: string): Draft => ({ topic: this.#index.numberOf(name) });
    if (body.kind === "message") return { ...peer(body.to), ...topic(body.topic) };
    if (body.kind === "publish" || body.kind === "cut-topic") return topic(body.topic);
    if (body.kind === "task") return { ...peer(body.task.agentId), ...topic(body.task.taskId) };
    if (body.kind === "spawn") return peer(body.spec.id);
    if (body.kind === "provider-changed" || body.kind === "model-swapped") return topic(body.model);
    if (body.kind === "result")
      return { ...peer(this.#idOf(body.agent)), ...topic(body.source), request: body.requestId };
    return {
      ...peer(body.agent),
      ...(body.kind === "join" || body.kind === "leave" ? topic(body.topic) : {}),
    };
  }

  /** Turns that become visible in this tick, those of earlier ticks first. */
  #landing({ tick, result, track }: ExecutedTick): readonly KeptTurn[] {
    const ended = new Set<string>(result.ended);
    const own = this.#tap.turns.map((turn) => this.#keep(tick, turn, track));
    const all = [...this.#held, ...own];
    // A turn of an agent that has ended before it was visible never happened.
    this.#held = all.filter((turn) => turn.visibleTick > tick && !ended.has(this.#idOf(turn.agent)));
    return all.filter((turn) => turn.visibleTick === tick);
  }

  #keep(tick: number, turn: TappedTurn, track: Track): KeptTurn {
    const { agent, fuel, completed, faultCode, invocations, effects } = turn;
    const slice = this.#sliceOf(agent, track);
    return {
      agent,
      fuel,
      visibleTick: tick + Math.max(1, Math.ceil(fuel / slice)) - 1,
      faultIndex: faultCode === 0 ? -1 : completed,
      invocations,
      effects: effects.map((effect) => ({
        invocation: effect.invocation,
        event: this.#effectFields(effect),
      })),
    };
  }

  #sliceOf(agent: AgentHandle, track: Track): number {
    const known = this.#slices.get(agent);
    if (known !== undefined) return known;
    const id = this.#tap.names.get(agent);
    const slice = id === undefined ? undefined : track.world.agent(id)?.spec.limits.fuelPerSlice;
    if (slice !== undefined) this.#slices.set(agent, slice);
    return slice ?? Infinity;
  }

  #writeTurn(tick: number, turn: KeptTurn, faulty: Map<string, number>): void {
    const id = this.#idOf(turn.agent);
    const agent = this.#index.numberOf(id);
    const { invocations, fuel } = turn;
    this.#add(TraceKind.TURN, tick, { agent, value: fuel, number: invocations.length });
    let next = 0;
    invocations.forEach((invocation, place) => {
      // What a fault kept from running happens later, or never.
      if (turn.faultIndex >= 0 && place > turn.faultIndex) return;
      const event = this.#writeInvocation(tick, agent, invocation);
      if (place === turn.faultIndex) faulty.set(id, event);
      for (; turn.effects[next]?.invocation === place; next += 1)
        this.#writeEffect(tick, { agent, link: event, ...turn.effects[next]?.event });
    });
  }

  #writeInvocation(tick: number, agent: number, { entry, message }: TappedInvocation): number {
    const link = this.#lastInvocation.get(agent) ?? -1;
    const draft = message === undefined ? { value: bareEntry + entry } : this.#messageFields(tick, message);
    const value = draft.value ?? 0;
    const request = draft.request ?? 0;
    const name =
      request > 0
        ? requestName({ agent, request })
        : value === MessageKind.TASK
          ? `task ${draft.topic ?? 0}`
          : value === MessageKind.START || value === bareEntry + EntryCode.INIT
            ? `child ${agent}`
            : undefined;
    const origin = name === undefined ? -1 : (this.#origins.get(name) ?? -1);
    if (name !== undefined && request > 0 && isLast(message)) this.#origins.delete(name);
    const event = this.#add(TraceKind.INVOCATION, tick, { agent, link, origin, ...draft });
    this.#lastInvocation.set(agent, event);
    return event;
  }

  #messageFields(tick: number, message: Message): Draft {
    const { kind, messageId, correlationId, peer, topic } = message;
    const isAnswer = kind >= MessageKind.ANSWER && kind <= MessageKind.TIMER;
    return {
      value: kind,
      peer: this.#index.numberOf(this.#idOf(peer as AgentHandle)), // brand: looked up only
      topic: this.#topicOf(topic),
      number: messageId,
      request: isAnswer ? correlationId : 0,
      age: Math.max(0, tick - message.tick),
    };
  }

  #writeEffect(tick: number, draft: Draft): void {
    const event = this.#add(TraceKind.EFFECT, tick, draft);
    const { agent = 0, peer = 0, topic = 0, value = 0, request = 0 } = draft;
    const name = originName({ kind: TraceKind.EFFECT, agent, peer, topic, value, request });
    if (name !== undefined) this.#remember(name, event);
    // A task and a child are both begun by an effect that may also be a request.
    if (value === EffectKind.TASK) this.#remember(`task ${topic}`, event);
    if (value === EffectKind.SPAWN) this.#remember(`child ${peer}`, event);
  }

  #effectFields({ kind, level, requestId, body }: Effect): Draft {
    const value = kind;
    const request = requestId;
    switch (kind) {
      case EffectKind.LOG:
        return { value, age: level, text: cut(this.#stacks.map(decodeUtf8(body) ?? "")) };
      case EffectKind.JOIN:
      case EffectKind.LEAVE:
        return { value, topic: this.#topicOf(body) };
      case EffectKind.CANCEL:
        return { value, request };
      case EffectKind.EXIT:
        return { value, age: new DataView(body.buffer, body.byteOffset, 4).getUint32(0, true) };
      case EffectKind.SPAWN: {
        const child = new DataView(body.buffer, body.byteOffset, 8).getBigUint64(0, true);
        const handle = Number(child) as AgentHandle; // brand: looked up only
        return { value, request, peer: this.#index.numberOf(this.#idOf(handle)) };
      }
      default: {
        const message = decodeMessage(body);
        const to = this.#idOf(message.peer as AgentHandle); // brand: looked up only
        return {
          value,
          request,
          peer: this.#index.numberOf(kind === EffectKind.SEND || kind === EffectKind.TASK ? to : ""),
          topic: this.#topicOf(message.topic),
          number: message.messageId,
          age: kind === EffectKind.SEND ? message.kind : 0,
        };
      }
    }
  }

  #topicOf(topic: Uint8Array): number {
    return this.#index.numberOf(decodeUtf8(topic) ?? "");
  }

  #idOf(handle: AgentHandle): string {
    if (handle === OUTSIDE) return ""; // brand: the outside has no agent's handle
    return this.#tap.names.get(handle) ?? `#${handle}`;
  }
}

function isLast(message: Message | undefined): boolean {
  return (
    message !== undefined &&
    (message.kind !== MessageKind.TOKEN || (message.flags & MessageFlag.LAST_PART) !== 0)
  );
}

function requestName({ agent, request }: Pick<NumberedEvent, "agent" | "request">): string {
  return `${agent} ${request}`;
}

/** Under what name the event is the origin of something later. */
function originName(
  event: Pick<NumberedEvent, "kind" | "agent" | "peer" | "topic" | "value" | "request">,
): string | undefined {
  const { kind, value, request, topic, peer } = event;
  if (kind === TraceKind.INPUT) {
    if (inputNames[value] === "task") return `task ${topic}`;
    return inputNames[value] === "spawn" ? `child ${peer}` : undefined;
  }
  if (kind !== TraceKind.EFFECT || value === EffectKind.CANCEL) return undefined;
  if (request > 0) return requestName(event);
  if (value === EffectKind.TASK) return `task ${topic}`;
  return value === EffectKind.SPAWN ? `child ${peer}` : undefined;
}

/** Ends within a character only where that is replaced on reading. */
function cut(text: string): string {
  return text.length <= indexTextBytesMax ? text : `${text.slice(0, indexTextBytesMax)}…`;
}
