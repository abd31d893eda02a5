// Generated from packages/abi by scripts/src/generate-sdk.ts; do not edit.
// Numbers and host functions of the guest contract, as AssemblyScript.

export const ABI_MAJOR: i32 = 1;
export const ABI_MINOR: i32 = 0;

/** What a message is. */
export enum MessageKind {
  MESSAGE = 0,
  ANSWER = 1,
  INFERENCE = 2,
  TOKEN = 3,
  TOOL = 4,
  TIMER = 5,
  START = 6,
  STOP = 7,
  TASK = 8,
  CADENCE = 9,
}

/** How a payload is encoded. */
export enum Encoding {
  BYTES = 0,
  JSON = 1,
  CBOR = 2,
  TENSOR = 3,
  TEXT = 4,
}

/** Element types of tensors, numbered as in ONNX. */
export enum TensorType {
  FLOAT32 = 1,
  UINT8 = 2,
  INT8 = 3,
  INT16 = 5,
  INT32 = 6,
  INT64 = 7,
  BOOL = 9,
  FLOAT16 = 10,
  FLOAT64 = 11,
}

/** Bits of a message's flags. */
export enum MessageFlag {
  ANSWER_WANTED = 1,
  LAST_PART = 2,
  ERROR = 4,
}

/** Levels of console lines. */
export enum LogLevel {
  DEBUG = 0,
  INFO = 1,
  WARN = 2,
  ERROR = 3,
}

/** Typed refusals: negative results of host functions. */
export enum Refusal {
  BAD_POINTER = -1,
  BAD_MESSAGE = -2,
  TOO_LARGE = -3,
  DENIED = -4,
  LIMIT = -5,
  NOT_FOUND = -6,
  BAD_TEXT = -7,
  BAD_ARGUMENT = -8,
}

/** Byte offsets in the message header. */
export enum MessageField {
  HEADER_BYTES = 0,
  KIND = 4,
  ENCODING = 6,
  FLAGS = 7,
  MESSAGE_ID = 8,
  CORRELATION_ID = 16,
  PEER = 24,
  TICK = 32,
  TOPIC_BYTES = 40,
  PAYLOAD_BYTES = 44,
}

/** Limits of the contract; configuration may lower them. */
export enum Limit {
  MESSAGE_HEADER_BYTES = 48,
  SIZED_BLOCK_HEADER_BYTES = 4,
  MESSAGE_BYTES_MAX = 1048576,
  TOPIC_BYTES_MAX = 255,
  LOG_LINE_BYTES_MAX = 16384,
  RANDOM_BYTES_MAX = 65536,
  STREAM_NAME_BYTES_MAX = 63,
  DESCRIBE_BYTES_MAX = 1048576,
}

/** Writes a line to the agent's console (`logs`). */
@external("wasm_engine", "log")
export declare function host_log(level: i32, textPtr: usize, textBytes: i32): i32;

/** Sends a message (kind MESSAGE) or an answer (kind ANSWER, correlationId = the request's messageId) to
 * `peer`. With flag ANSWER_WANTED: a request id > 0; else 0. */
@external("wasm_engine", "send")
export declare function host_send(messagePtr: usize, timeoutTicks: i32): i32;

/** Publishes to the members of `topic`, the publisher excepted. */
@external("wasm_engine", "publish")
export declare function host_publish(messagePtr: usize): i32;

/** Subscribes to a topic from the next tick on. */
@external("wasm_engine", "join")
export declare function host_join(topicPtr: usize, topicBytes: i32): i32;

/** Ends a subscription from the next tick on. */
@external("wasm_engine", "leave")
export declare function host_leave(topicPtr: usize, topicBytes: i32): i32;

/** Kind TIMER: the message comes back after max(1, delay) ticks. Kind TASK: payload is a JSON task {taskId,
 * agentId?, priority?, payload?, dependsOn?, onDependencyFailure?}; answered when it completes. A request
 * id > 0. */
@external("wasm_engine", "schedule")
export declare function host_schedule(messagePtr: usize, delayTicks: i32): i32;

/** Cancels any pending request of this agent; it is then answered CANCELLED. */
@external("wasm_engine", "cancel")
export declare function host_cancel(requestId: i32): i32;

/** Asks the model named by `topic`. A request id > 0. */
@external("wasm_engine", "infer")
export declare function host_infer(messagePtr: usize, timeoutTicks: i32): i32;

/** Calls the tool named by `topic`. A request id > 0. */
@external("wasm_engine", "call_tool")
export declare function host_call_tool(messagePtr: usize, timeoutTicks: i32): i32;

/** Starts a child from a JSON AgentSpec; writes its u64 handle, addressable at once. A request id > 0. */
@external("wasm_engine", "spawn")
export declare function host_spawn(specPtr: usize, specBytes: i32, handleOutPtr: usize): i32;

/** Writes the u64 handle of an agent id as of the last tick; 0, or NOT_FOUND. */
@external("wasm_engine", "lookup")
export declare function host_lookup(idPtr: usize, idBytes: i32, handleOutPtr: usize): i32;

/** Fills bytes from this agent's named random stream. */
@external("wasm_engine", "random")
export declare function host_random(streamPtr: usize, streamBytes: i32, outPtr: usize, outBytes: i32): i32;

/** The current tick. */
@external("wasm_engine", "tick")
export declare function host_tick(): i64;

/** Virtual time in nanoseconds since 1970-01-01T00:00:00Z. */
@external("wasm_engine", "time")
export declare function host_time(): i64;

/** Ends this agent at the seal of this turn. */
@external("wasm_engine", "exit")
export declare function host_exit(code: i32): i32;
