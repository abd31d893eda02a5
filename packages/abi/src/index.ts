/** Guest and host contract: layouts, host functions, error class and codes, limits. Imports nothing. */

export { assert, unreachable } from "./assert.js";
export { EngineError, docsPath, errorFactory } from "./engine-error.js";
export type {
  ErrorCode,
  ErrorDefinition,
  ErrorParameters,
  ErrorRecord,
  ErrorTable,
  ExitCode,
} from "./engine-error.js";
export { Words, copyAligned } from "./aligned-copy.js";
export {
  SOURCE_MAP_SECTION,
  decodeMappings,
  encodeMappings,
  originOf,
  parseSourceMap,
} from "./source-map.js";
export type { MappedLines, Mapping, SourceMap, SourcePlace } from "./source-map.js";
export { Region } from "./region.js";
export type { AllocateBytes } from "./region.js";
export { MailRegion } from "./mail-region.js";
export { EntryCode, INLINE, TurnReader, TurnRegion } from "./turn-region.js";
export { OUTCOME_HASHED_OFFSET, OUTCOME_HEAD_BYTES, OutcomeReader, OutcomeRegion } from "./outcome-region.js";
export type { TurnFigures } from "./outcome-region.js";
export { ABI_ERRORS } from "./errors.js";
export { decodeUtf8, encodeUtf8, utf8Bytes } from "./text.js";
export { OUTSIDE, compareIds, handleOfChild, handleOfId, isAgentId } from "./identity.js";
export type { AgentHandle, AgentId, ModuleDigest, Sha256 } from "./identity.js";
export {
  Encoding,
  MESSAGE_HEADER_BYTES,
  MessageField,
  MessageFlag,
  MessageKind,
  decodeMessage,
  encodeMessage,
  messageBytes,
  payloadOffset,
  readU64,
  writeMessage,
  writeU64,
} from "./message.js";
export type { Message } from "./message.js";
export {
  EFFECT_HEADER_BYTES,
  EffectField,
  EffectKind,
  LogLevel,
  decodeEffects,
  effectBytes,
  encodeEffect,
} from "./effect.js";
export type { Effect } from "./effect.js";
export {
  TensorType,
  decodeTensors,
  elementBytes,
  elementCount,
  encodeTensors,
  tensorNameBytesMax,
  tensorRankMax,
  tensorsPerPayloadMax,
} from "./tensor.js";
export type { TensorBlock } from "./tensor.js";
export {
  ABI_VERSION,
  ENTRY_POINTS,
  FaultCode,
  HOST_FUNCTIONS,
  HOST_MODULE,
  Instrumented,
  InstrumentedStatus,
  RESERVED_PREFIX,
  Refusal,
  SIZED_BLOCK_HEADER_BYTES,
} from "./host-function.js";
export type {
  AnswerErrorCode,
  CapabilityName,
  HostFunction,
  HostFunctionName,
  ValueType,
} from "./host-function.js";
export * as limits from "./limits.js";
