/**
 * Everything that has happened in a world of a test, in the order of the world: inputs of a tick, then effects in the
 * order in which they were committed. Entries are never changed; answers and requests meet by the request's key.
 */

import {
  EffectKind,
  MessageFlag,
  MessageKind,
  decodeMessage,
  decodeUtf8,
  unreachable,
} from "@wasm-engine/abi";
import type { AgentHandle, Effect } from "@wasm-engine/abi";
import type { DeadLetter, Input, TickResult, WorldContract } from "@wasm-engine/core";
import type { StackMap } from "../modules/stack-map.js";
import { decodePayload } from "../world/payload.js";
import type { FaultReport } from "../world/control.js";
import { requestKey } from "../inference/request-key.js";
import { AgentNames } from "./agent-names.js";
import type {
  ChatTurn,
  TestAnswer,
  TestAwait,
  TestConsoleLine,
  TestDeadLetter,
  TestEffect,
  TestFault,
  TestMessage,
  TestRequest,
} from "./observations.js";
import type { ExecutedTurn } from "./turn-observer.js";

const levels = ["debug", "info", "warn", "error"] as const;

type Opened = Omit<TestAwait, "deadlineTick">;

interface Kept {
  readonly messages: TestMessage[];
  readonly requests: { readonly key: string; readonly request: TestRequest }[];
  readonly effects: TestEffect[];
  readonly console: TestConsoleLine[];
  readonly faults: TestFault[];
  readonly deadLetters: TestDeadLetter[];
  readonly answers: Map<string, TestAnswer>;
  readonly opened: Map<string, Opened>;
  /** Fuel per turn, by agent and tick in which it was executed. */
  readonly fuel: Map<string, Map<number, number>>;
  /** Turns of several slices: they count when they become visible. */
  held: readonly ExecutedTurn[];
}

export class WorldRecord {
  readonly names: AgentNames;
  readonly #kept: Kept;

  constructor(names: AgentNames = new AgentNames(), kept: Kept = nothingKept()) {
    this.names = names;
    this.#kept = kept;
  }

  copy(): WorldRecord {
    const { messages, requests, effects, console, faults, deadLetters, answers, opened, fuel, held } =
      this.#kept;
    return new WorldRecord(this.names.copy(), {
      messages: [...messages],
      requests: [...requests],
      effects: [...effects],
      console: [...console],
      faults: [...faults],
      deadLetters: [...deadLetters],
      answers: new Map(answers),
      opened: new Map(opened),
      fuel: new Map([...fuel].map(([agent, turns]) => [agent, new Map(turns)])),
      held,
    });
  }

  get messages(): readonly TestMessage[] {
    return this.#kept.messages;
  }

  get effects(): readonly TestEffect[] {
    return this.#kept.effects;
  }

  get console(): readonly TestConsoleLine[] {
    return this.#kept.console;
  }

  get faults(): readonly TestFault[] {
    return this.#kept.faults;
  }

  get deadLetters(): readonly TestDeadLetter[] {
    return this.#kept.deadLetters;
  }

  get requests(): readonly TestRequest[] {
    return this.#kept.requests.map(({ key, request }) => {
      const answer = this.#kept.answers.get(key);
      return answer === undefined ? request : { ...request, answer };
    });
  }

  /** Of one tick, or of all. */
  fuelOf(agent: string, tick?: number): number {
    const turns = this.#kept.fuel.get(agent) ?? new Map<number, number>();
    if (tick !== undefined) return turns.get(tick) ?? 0;
    return [...turns.values()].reduce((sum, fuel) => sum + fuel, 0);
  }

  /** What a pending request of an agent waits for. */
  openedBy(agent: AgentHandle, requestId: number): Opened | undefined {
    return this.#kept.opened.get(requestKey(agent, requestId));
  }

  /** Takes over one executed tick. `world` is as of its seal. */
  note(
    world: WorldContract,
    tick: {
      readonly inputs: readonly Input[];
      readonly turns: readonly ExecutedTurn[];
      readonly result: TickResult;
      readonly faults: readonly FaultReport[];
      readonly stacks: StackMap;
    },
  ): void {
    const { inputs, turns, result, faults, stacks } = tick;
    const at = result.commit.tick;
    for (const input of inputs) this.#noteInput(input);
    this.names.learn(world);
    for (const turn of this.#landing(at, turns)) {
      for (const effect of turn.effects) this.#noteEffect(at, turn.agent, effect);
    }
    for (const { agentId, level, text: written } of result.console) {
      const text = stacks.map(written);
      this.#kept.console.push({ tick: at, agent: agentId, level: levels[level] ?? "info", text });
    }
    for (const { agentId, code, detail } of faults) {
      this.#kept.faults.push({ tick: at, agent: agentId, code, detail });
    }
    for (const letter of result.deadLetters) this.#noteDeadLetter(letter);
  }

  /** The turns that become visible in this tick, those of earlier ticks first. */
  #landing(tick: number, turns: readonly ExecutedTurn[]): readonly ExecutedTurn[] {
    for (const { agent, fuel } of turns) {
      const id = this.names.of(agent)?.id;
      if (id === undefined) continue;
      const turnsOfAgent = this.#kept.fuel.get(id) ?? new Map<number, number>();
      this.#kept.fuel.set(id, turnsOfAgent.set(tick, fuel));
    }
    const all = [...this.#kept.held, ...turns];
    const isVisible = (turn: ExecutedTurn): boolean => this.#visibleTick(turn) <= tick;
    this.#kept.held = all.filter((turn) => !isVisible(turn));
    return all.filter(isVisible);
  }

  /** DESIGN §5, slices. */
  #visibleTick({ agent, tick, fuel }: ExecutedTurn): number {
    const slice = this.names.of(agent)?.fuelPerSlice ?? Infinity;
    return tick + Math.max(1, Math.ceil(fuel / slice)) - 1;
  }

  #noteInput({ tick, body }: Input): void {
    switch (body.kind) {
      case "message":
      case "publish": {
        const { kind, topic, encoding, payload } = body;
        const to = body.kind === "message" ? body.to : null;
        const message = { tick, from: null, to, kind, topic, body: decodePayload(encoding, payload) };
        this.#kept.messages.push(message);
        return;
      }
      case "result":
        if (body.last) this.#noteAnswer(tick, body);
        return;
      case "task":
      case "spawn":
      case "stop":
      case "terminate":
      case "pause":
      case "resume":
      case "upgrade":
      case "join":
      case "leave":
      case "cut":
      case "cut-topic":
      case "provider-changed":
      case "model-swapped":
        return;
      default:
        return unreachable(body);
    }
  }

  #noteAnswer(tick: number, result: Extract<Input["body"], { readonly kind: "result" }>): void {
    const body = decodePayload(result.encoding, result.payload);
    const failure = body as { readonly code?: unknown; readonly message?: unknown }; // as error answers are written
    const answer: TestAnswer = result.ok
      ? { tick, ok: true, body }
      : { tick, ok: false, code: String(failure.code), message: String(failure.message) };
    this.#kept.answers.set(requestKey(result.agent, result.requestId), answer);
  }

  #noteEffect(tick: number, agent: AgentHandle, effect: Effect): void {
    const id = this.names.of(agent)?.id ?? `#${agent}`;
    const { kind, requestId } = effect;
    const content = contentOf(effect, this.names);
    this.#kept.effects.push({ tick, agent: id, kind: effectNames[kind], ...content });
    const opened = openedAs(effect, content);
    if (requestId > 0 && opened !== undefined) {
      this.#kept.opened.set(requestKey(agent, requestId), { ...opened, sinceTick: tick });
    }
    if (kind === EffectKind.SEND || kind === EffectKind.PUBLISH) {
      this.#kept.messages.push(sentMessage({ tick, from: id, effect, names: this.names }));
    }
    if (kind === EffectKind.INFER || kind === EffectKind.CALL_TOOL) {
      const request: TestRequest = {
        tick,
        agent: id,
        kind: kind === EffectKind.INFER ? "inference" : "tool",
        name: content.name,
        input: content.body,
        messages: promptOf(content.body),
      };
      this.#kept.requests.push({ key: requestKey(agent, requestId), request });
    }
  }

  #noteDeadLetter({ tick, agentId, reason, message }: DeadLetter): void {
    const isEmpty = message.length === 0;
    const { topic, encoding, payload } = isEmpty ? emptyMessage : decodeMessage(message);
    const body = decodePayload(encoding, payload);
    this.#kept.deadLetters.push({ tick, agent: agentId, reason, topic: decodeUtf8(topic) ?? "", body });
  }
}

function nothingKept(): Kept {
  return {
    messages: [],
    requests: [],
    effects: [],
    console: [],
    faults: [],
    deadLetters: [],
    answers: new Map(),
    opened: new Map(),
    fuel: new Map(),
    held: [],
  };
}

const emptyMessage = { topic: new Uint8Array(0), encoding: 0, payload: new Uint8Array(0) } as const;

const effectNames: Readonly<Record<EffectKind, TestEffect["kind"]>> = {
  [EffectKind.LOG]: "log",
  [EffectKind.SEND]: "send",
  [EffectKind.PUBLISH]: "publish",
  [EffectKind.JOIN]: "join",
  [EffectKind.LEAVE]: "leave",
  [EffectKind.SCHEDULE]: "schedule",
  [EffectKind.TASK]: "task",
  [EffectKind.CANCEL]: "cancel",
  [EffectKind.INFER]: "infer",
  [EffectKind.CALL_TOOL]: "tool",
  [EffectKind.SPAWN]: "spawn",
  [EffectKind.EXIT]: "exit",
};

/** What an effect concerns, and what it carries. */
function contentOf({ kind, body }: Effect, names: AgentNames): Pick<TestEffect, "name" | "body"> {
  switch (kind) {
    case EffectKind.LOG:
      return { name: "", body: decodeUtf8(body) ?? "" };
    case EffectKind.JOIN:
    case EffectKind.LEAVE:
      return { name: decodeUtf8(body) ?? "", body: undefined };
    case EffectKind.SPAWN: {
      const spec = jsonOf(body.subarray(8));
      const { id } = (typeof spec === "object" ? spec : {}) as { readonly id?: unknown }; // as guests write it
      return { name: typeof id === "string" ? id : "", body: spec };
    }
    case EffectKind.EXIT:
      return { name: "", body: new DataView(body.buffer, body.byteOffset, 4).getInt32(0, true) };
    case EffectKind.CANCEL:
      return { name: "", body: undefined };
    case EffectKind.SEND:
    case EffectKind.PUBLISH:
    case EffectKind.SCHEDULE:
    case EffectKind.TASK:
    case EffectKind.INFER:
    case EffectKind.CALL_TOOL: {
      const message = decodeMessage(body);
      const name =
        kind === EffectKind.SEND ? (names.idOf(message.peer) ?? "") : (decodeUtf8(message.topic) ?? "");
      return { name, body: decodePayload(message.encoding, message.payload) };
    }
    default:
      return unreachable(kind, "effect kind");
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "");
  } catch {
    // A guest may write anything.
    return undefined;
  }
}

function openedAs(
  { kind }: Effect,
  { name, body }: Pick<TestEffect, "name" | "body">,
): Pick<Opened, "kind" | "name"> | undefined {
  if (kind === EffectKind.SEND) return { kind: "ask", name };
  if (kind === EffectKind.SCHEDULE) return { kind: "sleep", name };
  if (kind === EffectKind.TASK) return { kind: "task", name };
  if (kind === EffectKind.INFER) return { kind: promptOf(body).length > 0 ? "chat" : "infer", name };
  return kind === EffectKind.CALL_TOOL ? { kind: "tool", name } : undefined;
}

function sentMessage(sent: {
  readonly tick: number;
  readonly from: string;
  readonly effect: Effect;
  readonly names: AgentNames;
}): TestMessage {
  const { tick, from, effect, names } = sent;
  const { kind, peer, topic, flags, encoding, payload } = decodeMessage(effect.body);
  const isPublished = effect.kind === EffectKind.PUBLISH;
  const isAnswer = kind === MessageKind.ANSWER;
  return {
    tick,
    from,
    to: isPublished ? null : names.idOf(peer),
    kind: isPublished ? "publish" : isAnswer ? "answer" : "message",
    topic: decodeUtf8(topic) ?? "",
    body: decodePayload(encoding, payload),
    ...((flags & MessageFlag.ERROR) === 0 ? {} : { isError: true }),
    ...(isAnswer && (flags & MessageFlag.LAST_PART) === 0 ? { isPart: true } : {}),
  };
}

/** The prompt of a chat request: `{messages: [{role, content}, …]}`. */
export function promptOf(input: unknown): readonly ChatTurn[] {
  if (typeof input !== "object" || input === null || !("messages" in input)) return [];
  return Array.isArray(input.messages) ? (input.messages as readonly ChatTurn[]) : []; // as the SDK writes it
}
