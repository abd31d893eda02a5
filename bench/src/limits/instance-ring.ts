/**
 * The ring's own module, as `build` made it, in one bare instance per station on one thread: the host copies each
 * message in and out and does nothing else. No metering, no order, no digest, no log, no limits. What is left of the
 * distance to this figure is what determinism and durability cost.
 */

import { Encoding, MessageKind, encodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import { buildModule } from "@wasm-engine/engine";
import { messageBytes } from "../ring.js";
import type { RingForm } from "./timed-ring.js";
import { createWorldFolder } from "../world-folder.js";
import { compileModule, instantiate } from "./webassembly.js";
import type { BareGuest } from "./webassembly.js";

/** Message of the ring as guests see it: header, topic "hop" padded to 8, payload. */
const headerBytes = 56;
const framedBytes = headerBytes + messageBytes;

/** Module bytes of the ring's agent, built and signed like those of the measured worlds. */
async function ringModule(): Promise<Uint8Array> {
  const folder = createWorldFolder({
    name: "instances",
    agent: "ring",
    agents: 0,
    columns: [],
    row: () => [],
    entry: [],
  });
  try {
    return (
      await buildModule(`${folder.folder}/agents/ring.ts`, { directory: folder.folder, name: "ring" })
    ).bytes;
  } finally {
    folder.remove();
  }
}

/** Messages that wait, framed, in order of arrival: one array for all stations. */
class Mail {
  readonly bytes: Uint8Array;
  readonly receivers: Uint32Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity * framedBytes);
    this.receivers = new Uint32Array(capacity);
  }
}

export const instanceRing: RingForm = async (stations, hops) => {
  const module = compileModule(await ringModule());
  let incoming = new Mail(stations);
  let outgoing = new Mail(stations);
  const guests: BareGuest[] = [];
  const imports = (station: number): Record<string, (...values: never[]) => unknown> => ({
    send: (pointer: number) => {
      const { memory } = guestOf(station);
      const view = new DataView(memory.buffer);
      outgoing.receivers[outgoing.length] = Number(view.getBigUint64(pointer + 24, true)) - 1;
      const bytes = new Uint8Array(memory.buffer, pointer, framedBytes);
      outgoing.bytes.set(bytes, outgoing.length * framedBytes);
      outgoing.length += 1;
      return 0;
    },
    lookup: (pointer: number, length: number, result: number) => {
      const { memory } = guestOf(station);
      const digits = Buffer.from(memory.buffer, pointer + 1, length - 1).toString();
      new DataView(memory.buffer).setBigUint64(result, BigInt(digits) + 1n, true);
      return 0;
    },
  });
  const guestOf = (station: number): BareGuest => {
    const guest = guests[station];
    if (guest === undefined) throw new RangeError(`there is no station ${station}`);
    return guest;
  };
  for (let station = 0; station < stations; station += 1) {
    guests.push(instantiate(module, imports(station)));
  }
  guests.forEach((guest, number) => start(guest, { number, stations }));
  const startMs = performance.now();
  for (let hop = 0; hop < hops; hop += 1) {
    [incoming, outgoing] = [outgoing, incoming];
    outgoing.length = 0;
    for (let index = 0; index < incoming.length; index += 1) {
      const guest = guestOf(incoming.receivers[index] ?? 0);
      const pointer = guest.agent_alloc(framedBytes);
      const at = index * framedBytes;
      new Uint8Array(guest.memory.buffer).set(incoming.bytes.subarray(at, at + framedBytes), pointer);
      guest.agent_receive(pointer);
    }
  }
  const elapsedMs = performance.now() - startMs;
  return { elapsedMs, ...statesOf(guests) };
};

/** The first message of every agent: its arguments. */
function start(guest: BareGuest, args: { readonly number: number; readonly stations: number }): void {
  const bytes = encodeMessage({
    kind: MessageKind.START,
    encoding: Encoding.JSON,
    flags: 0,
    messageId: 0,
    correlationId: 0,
    peer: 0,
    tick: 0,
    topic: new Uint8Array(),
    payload: encodeUtf8(JSON.stringify(args)),
  });
  guest._initialize();
  guest.agent_init();
  const pointer = guest.agent_alloc(bytes.length);
  new Uint8Array(guest.memory.buffer).set(bytes, pointer);
  guest.agent_receive(pointer);
}

/** What every station says about itself. */
function statesOf(guests: readonly BareGuest[]): { counts: Uint32Array; checksums: Uint32Array } {
  const counts = new Uint32Array(guests.length);
  const checksums = new Uint32Array(guests.length);
  guests.forEach((guest, station) => {
    const pointer = guest.agent_describe();
    const bytes = new DataView(guest.memory.buffer).getUint32(pointer, true);
    const text = Buffer.from(guest.memory.buffer, pointer + 4, bytes).toString();
    const said = JSON.parse(text) as { count: number; checksum: number }; // written by worlds/ring
    counts[station] = said.count;
    checksums[station] = said.checksum;
  });
  return { counts, checksums };
}
