/** Types of `wasm-engine/agent`, the module that JavaScript and TypeScript agents import. */

export { AgentError, MessageKind, defineAgent } from "@wasm-engine/sdk-javascript/agent";
export type {
  AgentDefinition,
  Capability,
  Context,
  Message,
  RequestOptions,
} from "@wasm-engine/sdk-javascript/agent";
