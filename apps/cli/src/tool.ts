/** `wasm-engine/tool`: what tools are written with. Loads nothing of the engine. */

export { ToolError, defineTool } from "@wasm-engine/engine/tool";
export type { ToolContext, ToolDefinition, ToolSchema } from "@wasm-engine/engine/tool";
