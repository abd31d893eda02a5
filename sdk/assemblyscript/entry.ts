/** Entry points of an agent module: `export * from "@wasm-engine/sdk-assemblyscript/entry"`. */

export {
  agent_alloc,
  agent_describe,
  agent_init,
  agent_receive,
  agent_shutdown,
  agent_step,
} from "./assembly/entry-point";
