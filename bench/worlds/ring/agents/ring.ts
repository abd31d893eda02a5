/**
 * A station of the ring: takes a message of 64 bytes, reads all of it into a checksum that is state, writes the next
 * step of the message's own path into it, and sends it to where that path leads. What it computes is specified by
 * bench/src/ring.ts, which checks every station of a run.
 */

import { Agent, JsonWriter, Message, lookup, run, send } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

const WORDS: u32 = 16;
/** Handles that a station keeps: every peer of a world of up to so many stations, else the one that came last. */
const PEERS_KEPT_MAX: u32 = 1024;

class Station extends Agent {
  private stations: u32 = 1;
  private count: u32 = 0;
  private checksum: u32 = 0;
  private outgoing: Uint8Array = new Uint8Array(WORDS * 4);
  private handles: StaticArray<u64> = new StaticArray<u64>(0);
  /** Station whose handle is kept at this place, plus one. */
  private owners: StaticArray<u32> = new StaticArray<u32>(0);

  onStart(message: Message): void {
    const args = message.json;
    this.stations = <u32>args.number("stations");
    const kept = min(this.stations, PEERS_KEPT_MAX);
    this.handles = new StaticArray<u64>(kept);
    this.owners = new StaticArray<u32>(kept);
    const number = <u32>args.number("number");
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
    assert(send(this.handleOf((path >>> 8) % this.stations), "hop", this.outgoing) >= 0);
  }

  private handleOf(station: u32): u64 {
    const place = station % <u32>this.handles.length;
    if (this.owners[place] != station + 1) {
      this.handles[place] = lookup("s" + station.toString());
      this.owners[place] = station + 1;
    }
    return this.handles[place];
  }

  describe(json: JsonWriter): void {
    json.integer("count", this.count).integer("checksum", this.checksum);
  }
}

run(new Station());
