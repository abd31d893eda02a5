/** Types of `wasm-engine/agent`, the module that JavaScript and TypeScript agents import. Values live in guest/prelude.js. */

export type Capability = "topics" | "models" | "tools" | "spawn";

export declare const MessageKind: Readonly<
  Record<
    "MESSAGE" | "ANSWER" | "INFERENCE" | "TOKEN" | "TOOL" | "TIMER" | "START" | "STOP" | "TASK" | "CADENCE",
    number
  >
>;

/** An error answer, or a refusal of a host function. Match `code`. */
export declare class AgentError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly details: unknown;
}

export type TensorTypeName =
  "float32" | "float64" | "float16" | "int64" | "int32" | "int16" | "int8" | "uint8" | "bool";

/** What a model takes and answers. The first dimension is the batch. */
export interface Tensor {
  /** Absent: what the array says. Needed for bool (Uint8Array) and float16 (its bits, Uint16Array). */
  readonly type?: TensorTypeName;
  readonly dims: readonly number[];
  /** Row by row, as many elements as the dimensions hold. */
  readonly data:
    | Float32Array
    | Float64Array
    | BigInt64Array
    | Int32Array
    | Int16Array
    | Int8Array
    | Uint8Array
    | Uint16Array;
}

export interface Message<Body = unknown> {
  readonly kind: number;
  readonly encoding: number;
  readonly id: number;
  readonly correlationId: number;
  /** Handle of the sender; 0 is the outside of the world. */
  readonly sender: number;
  readonly tick: number;
  readonly topic: string;
  /** JSON as a value, text as a string, tensors by name (a nameless one alone), everything else as bytes. */
  readonly body: Body;
  readonly answerWanted: boolean;
  readonly isError: boolean;
  readonly isLast: boolean;
  reply(body: unknown): void;
  replyPart(body: unknown): void;
  replyError(code: string, message: string, details?: object): void;
}

export interface RequestOptions {
  readonly topic?: string;
  /** Absent: the world's default; 0: never. */
  readonly timeoutTicks?: number;
  /** Sees every part of an answer that comes in parts. */
  readonly onPart?: (body: unknown) => void;
}

export interface Context<State = unknown> {
  readonly state: State;
  readonly tick: number;
  /** Virtual time in milliseconds. */
  readonly now: number;
  send(to: string | number, body: unknown, options?: { readonly topic?: string }): void;
  ask<Answer = unknown>(
    to: string | number,
    body: unknown,
    options?: RequestOptions,
  ): Promise<Message<Answer>>;
  publish(topic: string, body: unknown): void;
  join(topic: string): void;
  leave(topic: string): void;
  sleep(ticks: number): Promise<void>;
  task(task: object, options?: { readonly delayTicks?: number }): Promise<unknown>;
  /** Tensors (one, or an object of them by name) are answered with tensors, everything else goes and comes as JSON. */
  infer<Answer = unknown>(
    model: string,
    input: Tensor | Readonly<Record<string, Tensor>> | unknown,
    options?: RequestOptions,
  ): Promise<Answer>;
  tool(name: string, input: unknown, options?: RequestOptions): Promise<unknown>;
  spawn(spec: object): { readonly handle: number; readonly started: Promise<Message> };
  lookup(id: string): number | undefined;
  random(stream?: string): number;
  randomBytes(length: number, stream?: string): Uint8Array;
  log(...values: unknown[]): void;
  exit(code?: number): void;
}

/** Handlers are methods, so that a handler may say which body it expects: `onMessage(message: Message<Question>, ctx)`. */
export interface AgentDefinition<State> {
  /** What the module imports besides the functions that every agent has. */
  readonly capabilities?: readonly Capability[];
  readonly state?: State;
  /** The next message does not wait for the running handler. */
  readonly reentrant?: boolean;
  onStart?(message: Message, ctx: Context<State>): unknown;
  onMessage?(message: Message, ctx: Context<State>): unknown;
  onTask?(message: Message, ctx: Context<State>): unknown;
  onCadence?(message: Message, ctx: Context<State>): unknown;
  onStop?(message: Message, ctx: Context<State>): unknown;
  onShutdown?(ctx: Context<State>): unknown;
  /** For inspectors, on a copy; default `{ state }`. */
  describe?(ctx: Context<State>): object;
}

/** Declares the agent of this module. Called once, while the module loads. */
export declare function defineAgent<State>(agent: AgentDefinition<State>): AgentDefinition<State>;
