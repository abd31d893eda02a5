/** Types of `wasm-engine/agent`, the module that JavaScript and TypeScript agents import. */

export { AgentError, MessageKind, defineAgent } from "@wasm-engine/sdk-javascript/agent";
export type {
  AgentDefinition,
  CancelOptions,
  Capability,
  ChatAnswer,
  ChatMessage,
  ChatOptions,
  Context,
  Expected,
  Incoming,
  JsonSchema,
  Message,
  MessageTypes,
  Pending,
  RequestOptions,
  StandardSchema,
  Tensor,
  TensorTypeName,
} from "@wasm-engine/sdk-javascript/agent";
