/**
 * The station of `ring.ts` without objects: it reads and writes messages where they lie, as an agent in C would, and
 * allocates nothing per message. Same bytes out for the same bytes in. The difference between the two is the price of
 * the SDK's convenience, not of the engine.
 */

import { Limit, MessageField, MessageKind, Refusal, host_send } from "@wasm-engine/sdk-assemblyscript/assembly/abi";
import { JsonWriter, Message } from "@wasm-engine/sdk-assemblyscript";
import { handles } from "./handles";

const WORDS: u32 = 16;
const HEADER: usize = 56;
const SCRATCH_BYTES: i32 = 4096;
const scratch = memory.data(4096, 16);
/** The outgoing message: header, topic "hop" and its padding are written once. */
const outgoing = memory.data(120, 16);

let count: u32 = 0;
let checksum: u32 = 0;

export function agent_alloc(bytes: i32): usize {
  assert(bytes <= SCRATCH_BYTES);
  return scratch;
}

export function agent_init(): i32 {
  store<u32>(outgoing, Limit.MESSAGE_HEADER_BYTES, MessageField.HEADER_BYTES);
  store<u32>(outgoing, 3, MessageField.TOPIC_BYTES);
  store<u32>(outgoing, WORDS * 4, MessageField.PAYLOAD_BYTES);
  store<u32>(outgoing, 0x706f68, Limit.MESSAGE_HEADER_BYTES);
  return 0;
}

export function agent_receive(message: usize): i32 {
  if (load<u16>(message, MessageField.KIND) == MessageKind.START) return first(new Message(message));
  const from = message + HEADER;
  const to = outgoing + HEADER;
  let sum: u32 = 0;
  for (let at: usize = 0; at < WORDS * 4; at += 4) {
    const word = load<u32>(from + at);
    sum = sum * 31 + word;
    store<u32>(to + at, word);
  }
  checksum += sum;
  count += 1;
  const path = load<u32>(from) * 1664525 + 1013904223;
  store<u32>(to, path, 0);
  store<u32>(to, load<u32>(from, 4) + 1, 4);
  return forward(path);
}

function first(message: Message): i32 {
  const number = <u32>message.json.number("number");
  const words = outgoing + HEADER;
  store<u32>(words, (number + 1) * 2654435761, 0);
  store<u32>(words, 0, 4);
  store<u32>(words, number, 8);
  for (let word: u32 = 3; word < WORDS; word++) store<u32>(words + word * 4, number * 2246822519 + word * 3266489917);
  return forward(load<u32>(words));
}

function forward(path: u32): i32 {
  store<u64>(outgoing, unchecked(handles[(path >>> 8) % <u32>handles.length]), MessageField.PEER);
  return host_send(outgoing, -1);
}

export function agent_step(_context: usize): i32 {
  return Refusal.NOT_FOUND;
}

export function agent_shutdown(): i32 {
  return 0;
}

export function agent_describe(): usize {
  const json = new JsonWriter().integer("count", count).integer("checksum", checksum);
  const text = json.finish();
  store<i32>(scratch, json.byteLength);
  memory.copy(scratch + 4, text, json.byteLength);
  return scratch;
}
