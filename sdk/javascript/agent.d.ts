/** Types of `wasm-engine/agent`, the module that JavaScript and TypeScript agents import. Values live in guest/prelude.js. */

export type Capability = "topics" | "models" | "tools" | "spawn";

export declare const MessageKind: Readonly<
  Record<
    "MESSAGE" | "ANSWER" | "INFERENCE" | "TOKEN" | "TOOL" | "TIMER" | "START" | "STOP" | "TASK" | "CADENCE",
    number
  >
>;

/**
 * An error answer, or a refusal of a host function. Match `code`: TIMEOUT, CANCELLED, UNDELIVERABLE, REFUSED, FAILED,
 * BAD_MESSAGE, or what an agent has chosen for its `replyError`.
 */
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
  /** One part of an answer; `reply` ends it. */
  replyPart(body: unknown): void;
  replyError(code: string, message: string, details?: object): void;
}

export interface CancelOptions {
  /** Cancels the request: its promise rejects with CANCELLED. An aborted signal rejects with its reason at once. */
  readonly signal?: AbortSignal;
}

export interface RequestOptions extends CancelOptions {
  readonly topic?: string;
  /** Absent: the world's default; 0: never. */
  readonly timeoutTicks?: number;
  /** Sees every part of an answer that comes in parts. */
  readonly onPart?: (body: unknown) => void;
}

/** Settles with the one last answer of a request. An error answer rejects with an {@link AgentError}. */
export interface Pending<Answer> extends Promise<Answer> {
  /** Ends the request: the promise rejects with CANCELLED. Without effect where the answer is there. */
  cancel(): void;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  /** Of an assistant's message: what it wanted called, as its {@link ChatAnswer} had it. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool's message: the call that it answers. */
  readonly toolCallId?: string;
}

/** A tool that a model wants called. The agent decides whether to call it. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** Everything besides {@link RequestOptions} goes to the model; each of its servers knows some of it. */
export interface ChatOptions extends Omit<RequestOptions, "topic" | "onPart"> {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  /** Only so many best tokens. Models in folders. */
  readonly topK?: number;
  /** Only tokens at least this many times as likely as the best. Models in folders. */
  readonly minP?: number;
  readonly stop?: string | readonly string[];
  /** Absent: the world's, another one for every request. */
  readonly seed?: number;
  /** "json": the text is a JSON object. `{ type: "json_schema", json_schema: { schema } }`: it fits the schema. */
  readonly responseFormat?: unknown;
  /** Tools that the model may want called: `{name, description, input: JSON Schema}`. */
  readonly tools?: readonly object[];
  /** Sees every stretch of text before the answer; where answers of servers have computed ticks, none comes. */
  readonly onPart?: (part: { readonly text: string }) => void;
  readonly [parameter: string]: unknown;
}

export interface ChatAnswer {
  readonly text: string;
  /** Why the text ends: `stop`, `length`, `tool_calls`, or a word of the server. */
  readonly finishReason?: string;
  /** Null where the server does not count. */
  readonly promptTokens?: number | null;
  readonly completionTokens?: number | null;
  readonly toolCalls?: readonly ToolCall[];
  readonly [field: string]: unknown;
}

/* What comes from elsewhere has the type that its reader expects of it: declare `messages`, or name the type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a body of another agent, read without a cast
export type Expected = any;

export interface Context<State = unknown> {
  /** Plain data; members may be written. */
  readonly state: State;
  readonly tick: number;
  /** Virtual time in milliseconds. */
  readonly now: number;
  send(to: string | number, body: unknown, options?: { readonly topic?: string }): void;
  ask<Answer = Expected>(
    to: string | number,
    body: unknown,
    options?: RequestOptions,
  ): Pending<Message<Answer>>;
  publish(topic: string, body: unknown): void;
  join(topic: string): void;
  leave(topic: string): void;
  /** Resolves after `ticks`, at least 1. */
  sleep(ticks: number, options?: CancelOptions): Pending<void>;
  task<Result = Expected>(
    task: object,
    options?: CancelOptions & { readonly delayTicks?: number },
  ): Pending<Result>;
  /** Asks a language model: `{messages, …}` as JSON. `onPart` sees the parts before the answer. */
  chat(model: string, messages: readonly ChatMessage[], options?: ChatOptions): Pending<ChatAnswer>;
  /** Tensors (one, or an object of them by name) are answered with tensors, everything else goes and comes as JSON. */
  infer<Answer = Expected>(
    model: string,
    input: Tensor | Readonly<Record<string, Tensor>> | unknown,
    options?: RequestOptions,
  ): Pending<Answer>;
  tool<Result = Expected>(name: string, input: unknown, options?: RequestOptions): Pending<Result>;
  spawn(spec: object): { readonly handle: number; readonly started: Pending<Message> };
  lookup(id: string): number | undefined;
  /** A number in [0, 1) of the agent's stream of that name. */
  random(stream?: string): number;
  randomBytes(length: number, stream?: string): Uint8Array;
  log(...values: unknown[]): void;
  exit(code?: number): void;
}

/** JSON Schema, 2020-12. Only `#/…` is followed; `format` is not checked. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

/** The interface that schema libraries share (standardschema.dev); it must not be asynchronous. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** Types of messages by topic. */
export type MessageTypes = Readonly<Record<string, JsonSchema | StandardSchema>>;

type BodyOf<Schema> =
  Schema extends StandardSchema<infer _Input, infer Output>
    ? Output
    : Schema extends { readonly properties: infer Properties }
      ? { -readonly [Name in keyof Properties]?: Expected }
      : Expected;

/** What a handler gets: a message of a declared type by its topic, or of any other topic. */
export type Incoming<Types extends MessageTypes> = string extends keyof Types
  ? Message<Expected>
  : {
      readonly [Topic in keyof Types]: Message<BodyOf<Types[Topic]>> & { readonly topic: Topic };
    }[keyof Types];

/** Handlers are methods, so that a handler may say which body it expects: `onMessage(message: Message<Question>, ctx)`. */
export interface AgentDefinition<State, Types extends MessageTypes = MessageTypes> {
  /** What the module imports besides the functions that every agent has. */
  readonly capabilities?: readonly Capability[];
  /** Plain data: shown by inspectors, carried over by upgrades. */
  readonly state?: State;
  /** Version of `state`. Default 0. */
  readonly version?: number | string;
  /** Takes over the state of another version. No host function may be called but `log`. */
  migrate?(state: Expected, fromVersion: number | string): State;
  /** A message of a declared topic whose body does not fit is answered with BAD_MESSAGE and reaches no handler. */
  readonly messages?: Types;
  /** The next message does not wait for the running handler. */
  readonly reentrant?: boolean;
  onStart?(message: Message<Expected>, ctx: Context<State>): unknown;
  onMessage?(message: Incoming<Types>, ctx: Context<State>): unknown;
  onTask?(message: Message<Expected>, ctx: Context<State>): unknown;
  onCadence?(message: Message, ctx: Context<State>): unknown;
  onStop?(message: Message, ctx: Context<State>): unknown;
  onShutdown?(ctx: Context<State>): unknown;
  /** For inspectors, on a copy; default `{ state }`. What is awaited is added as `waiting`. */
  describe?(ctx: Context<State>): object;
}

/** Declares the agent of this module. Called once, while the module loads. */
export declare function defineAgent<State, Types extends MessageTypes = MessageTypes>(
  agent: AgentDefinition<State, Types>,
): AgentDefinition<State, Types>;
