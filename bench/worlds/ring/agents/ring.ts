/**
 * A station of the ring: takes a message of 64 bytes, reads all of it into a checksum that is state, writes the next
 * step of the message's own path into it, and sends it to where that path leads. What it computes is specified by
 * bench/src/ring.ts, which checks every station of a run. The handles of its peers are a table of the module
 * (`handles.ts`, which the benchmark writes for each size): a handle is a hash of the id, so they are known beforehand.
 */

import { Agent, JsonWriter, Message, run, send } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";
import { handles } from "./handles";

const WORDS: u32 = 16;

class Station extends Agent {
  private count: u32 = 0;
  private checksum: u32 = 0;
  private outgoing: Uint8Array = new Uint8Array(WORDS * 4);

  onStart(message: Message): void {
    const number = <u32>message.json.number("number");
    const words = this.outgoing.dataStart;
    store<u32>(words, (number + 1) * 2654435761, 0);
    store<u32>(words, 0, 4);
    store<u32>(words, number, 8);
    for (let word: u32 = 3; word < WORDS; word++) store<u32>(words + word * 4, number * 2246822519 + word * 3266489917);
    this.forward(load<u32>(words));
  }

  onMessage(message: Message): void {
    const from = message.payloadPointer;
    const to = this.outgoing.dataStart;
    let sum: u32 = 0;
    for (let at: usize = 0; at < WORDS * 4; at += 4) {
      const word = load<u32>(from + at);
      sum = sum * 31 + word;
      store<u32>(to + at, word);
    }
    this.checksum += sum;
    this.count += 1;
    const path = load<u32>(from) * 1664525 + 1013904223;
    store<u32>(to, path, 0);
    store<u32>(to, load<u32>(from, 4) + 1, 4);
    this.forward(path);
  }

  private forward(path: u32): void {
    const handle = unchecked(handles[(path >>> 8) % <u32>handles.length]);
    assert(send(handle, "hop", this.outgoing) >= 0);
  }

  describe(json: JsonWriter): void {
    json.integer("count", this.count).integer("checksum", this.checksum);
  }
}

run(new Station());
