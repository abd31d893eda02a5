// Generated from packages/abi by scripts/src/generate-sdk.ts; do not edit.
// Numbers of the guest contract for the prelude that runs inside QuickJS.

/** What a message is. */
const MessageKind = Object.freeze({
  MESSAGE: 0,
  ANSWER: 1,
  INFERENCE: 2,
  TOKEN: 3,
  TOOL: 4,
  TIMER: 5,
  START: 6,
  STOP: 7,
  TASK: 8,
  CADENCE: 9,
});

/** How a payload is encoded. */
const Encoding = Object.freeze({
  BYTES: 0,
  JSON: 1,
  CBOR: 2,
  TENSOR: 3,
  TEXT: 4,
});

/** Element types of tensors, numbered as in ONNX. */
const TensorType = Object.freeze({
  FLOAT32: 1,
  UINT8: 2,
  INT8: 3,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  FLOAT64: 11,
});

/** Bits of a message's flags. */
const MessageFlag = Object.freeze({
  ANSWER_WANTED: 1,
  LAST_PART: 2,
  ERROR: 4,
});

/** Levels of console lines. */
const LogLevel = Object.freeze({
  DEBUG: 0,
  INFO: 1,
  WARN: 2,
  ERROR: 3,
});

/** Typed refusals: negative results of host functions. */
const Refusal = Object.freeze({
  BAD_POINTER: -1,
  BAD_MESSAGE: -2,
  TOO_LARGE: -3,
  DENIED: -4,
  LIMIT: -5,
  NOT_FOUND: -6,
  BAD_TEXT: -7,
  BAD_ARGUMENT: -8,
});
