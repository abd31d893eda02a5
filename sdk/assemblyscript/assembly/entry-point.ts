/** The functions that the host calls (spec/abi.md). Re-exported by `entry.ts`. */

import { Limit } from "./abi";
import { currentAgent, deliver, takeFailure } from "./agent";
import { JsonWriter } from "./json-writer";
import { Message, allocateScratch } from "./message";

export function agent_alloc(bytes: i32): usize {
  return allocateScratch(bytes);
}

export function agent_init(): i32 {
  currentAgent();
  return takeFailure();
}

export function agent_receive(pointer: usize): i32 {
  return deliver(new Message(pointer));
}

export function agent_step(pointer: usize): i32 {
  return deliver(new Message(pointer));
}

export function agent_shutdown(): i32 {
  currentAgent().onShutdown();
  return takeFailure();
}

export function agent_describe(): usize {
  const json = new JsonWriter();
  currentAgent().describe(json);
  const text = json.finish();
  return sizedBlock(text, json.byteLength);
}

export function agent_export_state(): usize {
  const state = currentAgent().exportState();
  return sizedBlock(state.dataStart, state.length);
}

export function agent_import_state(pointer: usize): i32 {
  const state = new Uint8Array(load<i32>(pointer));
  memory.copy(state.dataStart, pointer + Limit.SIZED_BLOCK_HEADER_BYTES, state.length);
  if (!currentAgent().importState(state)) return -1;
  return takeFailure();
}

function sizedBlock(start: usize, bytes: i32): usize {
  const block = allocateScratch(bytes + Limit.SIZED_BLOCK_HEADER_BYTES);
  store<i32>(block, bytes);
  memory.copy(block + Limit.SIZED_BLOCK_HEADER_BYTES, start, bytes);
  return block;
}
