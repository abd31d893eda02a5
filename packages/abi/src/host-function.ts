/**
 * Host functions of ABI 1.0, import module `wasm_engine`. One table drives the executor's linking, the
 * validator's import check, the SDK constants and spec/abi.md.
 */

export const ABI_VERSION: { readonly major: number; readonly minor: number } = { major: 1, minor: 0 };
export const HOST_MODULE = "wasm_engine";

export type ValueType = "i32" | "i64";
export type CapabilityName = "send" | "topics" | "models" | "tools" | "spawn";

export interface HostFunction {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  /** Names of the parameters, for SDKs and the specification. */
  readonly names: readonly string[];
  /** Refused at link time by name where the agent lacks it; `undefined`: granted to everyone. */
  readonly capability?: CapabilityName;
  readonly summary: string;
}

export const HOST_FUNCTIONS = {
  log: {
    parameters: ["i32", "i32", "i32"],
    names: ["level", "text_ptr", "text_bytes"],
    result: "i32",
    summary: "Writes a line to the agent's console (`logs`).",
  },
  send: {
    parameters: ["i32", "i32"],
    names: ["message_ptr", "timeout_ticks"],
    result: "i32",
    summary:
      "Sends a message (kind MESSAGE) or an answer (kind ANSWER, correlationId = the request's messageId) to " +
      "`peer`. With flag ANSWER_WANTED: a request id > 0; else 0.",
  },
  publish: {
    parameters: ["i32"],
    names: ["message_ptr"],
    result: "i32",
    capability: "topics",
    summary: "Publishes to the members of `topic`, the publisher excepted.",
  },
  join: {
    parameters: ["i32", "i32"],
    names: ["topic_ptr", "topic_bytes"],
    result: "i32",
    capability: "topics",
    summary: "Subscribes to a topic from the next tick on.",
  },
  leave: {
    parameters: ["i32", "i32"],
    names: ["topic_ptr", "topic_bytes"],
    result: "i32",
    capability: "topics",
    summary: "Ends a subscription from the next tick on.",
  },
  schedule: {
    parameters: ["i32", "i32"],
    names: ["message_ptr", "delay_ticks"],
    result: "i32",
    summary:
      "Kind TIMER: the message comes back after max(1, delay) ticks. Kind TASK: payload is a JSON task {taskId, " +
      "agentId?, priority?, payload?, dependsOn?, onDependencyFailure?}; answered when it completes. A request id > 0.",
  },
  cancel: {
    parameters: ["i32"],
    names: ["request_id"],
    result: "i32",
    summary: "Cancels any pending request of this agent; it is then answered CANCELLED.",
  },
  infer: {
    parameters: ["i32", "i32"],
    names: ["message_ptr", "timeout_ticks"],
    result: "i32",
    capability: "models",
    summary: "Asks the model named by `topic`. A request id > 0.",
  },
  call_tool: {
    parameters: ["i32", "i32"],
    names: ["message_ptr", "timeout_ticks"],
    result: "i32",
    capability: "tools",
    summary: "Calls the tool named by `topic`. A request id > 0.",
  },
  spawn: {
    parameters: ["i32", "i32", "i32"],
    names: ["spec_ptr", "spec_bytes", "handle_out_ptr"],
    result: "i32",
    capability: "spawn",
    summary:
      "Starts a child from a JSON AgentSpec; writes its u64 handle, addressable at once. A request id > 0.",
  },
  lookup: {
    parameters: ["i32", "i32", "i32"],
    names: ["id_ptr", "id_bytes", "handle_out_ptr"],
    result: "i32",
    summary: "Writes the u64 handle of an agent id as of the last tick; 0, or NOT_FOUND.",
  },
  random: {
    parameters: ["i32", "i32", "i32", "i32"],
    names: ["stream_ptr", "stream_bytes", "out_ptr", "out_bytes"],
    result: "i32",
    summary: "Fills bytes from this agent's named random stream.",
  },
  tick: { parameters: [], names: [], result: "i64", summary: "The current tick." },
  time: {
    parameters: [],
    names: [],
    result: "i64",
    summary: "Virtual time in nanoseconds since 1970-01-01T00:00:00Z.",
  },
  exit: {
    parameters: ["i32"],
    names: ["code"],
    result: "i32",
    summary: "Ends this agent at the seal of this turn.",
  },
} as const satisfies Record<string, HostFunction>;
export type HostFunctionName = keyof typeof HOST_FUNCTIONS;

/** Typed refusals: negative results of host functions. */
export const Refusal = {
  BAD_POINTER: -1,
  BAD_MESSAGE: -2,
  TOO_LARGE: -3,
  DENIED: -4,
  LIMIT: -5,
  NOT_FOUND: -6,
  BAD_TEXT: -7,
  BAD_ARGUMENT: -8,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

/** Codes of error answers (flag ERROR, payload JSON `{code, message, retryable}`). */
export type AnswerErrorCode =
  "TIMEOUT" | "CANCELLED" | "UNDELIVERABLE" | "REFUSED" | "FAILED" | "OUTCOME_UNKNOWN";

/** Fault codes: the only error words that enter the world. The number is the one that is hashed. */
export const FaultCode = {
  TRAP: 1,
  OUT_OF_FUEL: 2,
  OUT_OF_DEPTH: 3,
  HOST_DENIED: 4,
  GUEST_ERROR: 5,
} as const;
export type FaultCode = (typeof FaultCode)[keyof typeof FaultCode];

/** Guest entry points. `_initialize` runs before `agent_init`, in the same invocation. */
export const ENTRY_POINTS = {
  required: {
    agent_init: { parameters: [], result: "i32" },
    agent_step: { parameters: ["i32"], result: "i32" },
    agent_receive: { parameters: ["i32"], result: "i32" },
    agent_shutdown: { parameters: [], result: "i32" },
    agent_alloc: { parameters: ["i32"], result: "i32" },
  },
  optional: {
    _initialize: { parameters: [], result: undefined },
    agent_export_state: { parameters: [], result: "i32" },
    agent_import_state: { parameters: ["i32"], result: "i32" },
    agent_describe: { parameters: [], result: "i32" },
  },
} as const;

/** `agent_describe` and `agent_export_state` return a pointer to `u32 bytes` followed by that many bytes. */
export const SIZED_BLOCK_HEADER_BYTES = 4;

/** Names that instrumentation adds; a guest that uses the prefix is refused. */
export const RESERVED_PREFIX = "__we_";
export const Instrumented = {
  /** Export, mut i64: fuel left; the host sets it before an entry and reads it after. */
  fuel: "__we_fuel",
  /** Export, mut i32: bytes of logical stack left; set before every entry. */
  depth: "__we_depth",
  /** Export, mut i32: InstrumentedStatus. */
  status: "__we_status",
  /** Export, mut i32: fuel that a host function asks its thunk to charge on return. */
  charge: "__we_charge",
  /** Export, mut i32: memory quota in pages; `memory.grow` beyond it answers -1. */
  pagesMax: "__we_pages_max",
  /** Export, func (ptr): writes all mutable globals and segment flags to memory at ptr. */
  stateSave: "__we_state_save",
  /** Export, func (ptr): reads them back. */
  stateLoad: "__we_state_load",
  /** Export, func (): the module's former start function, metered; absent where there was none. */
  start: "__we_start",
  /** Import, func () -> i32: fuel of the slice ran out; 1 where the host granted another, 0 to stop. */
  slice: "__we_slice",
} as const;

export const InstrumentedStatus = { NONE: 0, OUT_OF_FUEL: 1, OUT_OF_DEPTH: 2, HOST_MEMORY: 3 } as const;
