/** What a test sees of its world: plain values without handles, ids of requests and bytes, made to be compared. */

import type { AgentView, Json } from "@wasm-engine/core";

/** A message as it was sent, in the tick in which it was; it is received in the next one, from outside in the same. */
export interface TestMessage {
  readonly tick: number;
  /** Id of the sender; null: the outside of the world, that is the test or an input file. */
  readonly from: string | null;
  /** Id of the receiver; null: the outside, or everyone who has joined the topic. */
  readonly to: string | null;
  readonly kind: "message" | "answer" | "publish";
  readonly topic: string;
  /** JSON as a value, text as a string, everything else as bytes. */
  readonly body: unknown;
  /** Present where the message is an error answer. */
  readonly isError?: true;
  /** Present where further parts of the same answer follow. */
  readonly isPart?: true;
}

export interface ChatTurn {
  readonly role: string;
  readonly content: string;
}

/** How a request was answered, and in which tick the answer entered the world. */
export type TestAnswer =
  | { readonly tick: number; readonly ok: true; readonly body: unknown }
  | { readonly tick: number; readonly ok: false; readonly code: string; readonly message: string };

/** What an agent asked a model or a tool. */
export interface TestRequest {
  readonly tick: number;
  readonly agent: string;
  readonly kind: "inference" | "tool";
  /** Name of the model or tool. */
  readonly name: string;
  /** What was asked: JSON as a value, text as a string, everything else as bytes. */
  readonly input: unknown;
  /** The prompt, where a language model was asked; else empty. */
  readonly messages: readonly ChatTurn[];
  /** Absent while nobody has answered. */
  readonly answer?: TestAnswer;
}

/** What an agent waits for. */
export interface TestAwait {
  readonly kind: "ask" | "chat" | "infer" | "tool" | "sleep" | "task";
  /** Receiver, model, tool or topic. */
  readonly name: string;
  readonly sinceTick: number;
  /** Tick at which it is answered TIMEOUT, or at which a sleep ends; 0: never. */
  readonly deadlineTick: number;
}

/** Anything that an agent asked for in a turn. */
export interface TestEffect {
  readonly tick: number;
  readonly agent: string;
  readonly kind:
    | "log"
    | "send"
    | "publish"
    | "join"
    | "leave"
    | "schedule"
    | "task"
    | "cancel"
    | "infer"
    | "tool"
    | "spawn"
    | "exit";
  /** Receiver, topic, model, tool or child; empty where there is none. */
  readonly name: string;
  readonly body: unknown;
}

export interface TestConsoleLine {
  readonly tick: number;
  readonly agent: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
}

export interface TestFault {
  readonly tick: number;
  readonly agent: string;
  /** TRAP, OUT_OF_FUEL, OUT_OF_DEPTH, HOST_DENIED or GUEST_ERROR. */
  readonly code: string;
  /** What happened, with file and line of the source where its module tells them. */
  readonly detail: string;
}

export interface TestDeadLetter {
  readonly tick: number;
  /** Whom it did not reach; empty where nobody of that name was known. */
  readonly agent: string;
  readonly reason: string;
  readonly topic: string;
  readonly body: unknown;
}

/** One agent as of the last tick. */
export interface TestAgent {
  readonly id: string;
  /** `stopped`: it has ended and is no part of the world any more. */
  readonly status: AgentView["status"];
  /** What the agent says about itself: `state` of a TypeScript agent, else all that it describes. */
  readonly state: Json | undefined;
  /** All that the agent describes; undefined where it cannot. */
  readonly described: Json | undefined;
  /** Fuel of all its turns. */
  readonly fuel: number;
  /** Fuel of the turn that it took in that tick; 0 where it took none. */
  fuelOf(tick: number): number;
  readonly faults: readonly TestFault[];
  readonly pending: readonly TestAwait[];
  readonly console: readonly TestConsoleLine[];
  /** Messages that it has received and not handled. */
  readonly mailboxLength: number;
}
