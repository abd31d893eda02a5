/**
 * The ring's own module, as `build` made it, in one bare instance per station on one thread: the host copies each
 * message in and out and does nothing else. No metering, no order, no digest, no log, no limits. What is left of the
 * distance to this figure is what determinism and durability cost.
 */

import { Encoding, MessageField, MessageKind, encodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import { buildModule } from "@wasm-engine/engine";
import { handlesSource, messageBytes } from "../ring.js";
import type { RingForm } from "./timed-ring.js";
import { createWorldFolder } from "../world-folder.js";
import { compileModule, instantiate } from "./webassembly.js";
import type { BareGuest, CompiledModule, HostFunctions } from "./webassembly.js";

/** Message of the ring as guests see it: header, topic "hop" padded to 8, payload. */
const headerBytes = 56;
const framedBytes = headerBytes + messageBytes;
const framedWords = framedBytes / 4;
/** Low word of the peer's handle in a header. */
const peerWord = MessageField.peer / 4;

let built: { readonly stations: number; readonly module: CompiledModule } | undefined;

/** The ring's agent, built and signed like those of the measured worlds; kept for the next round of the same size. */
async function moduleFor(stations: number): Promise<CompiledModule> {
  if (built?.stations !== stations) built = { stations, module: compileModule(await moduleBytes(stations)) };
  return built.module;
}

async function moduleBytes(stations: number): Promise<Uint8Array> {
  const folder = createWorldFolder({
    name: "instances",
    agent: "ring-plain",
    agents: 0,
    sources: { "handles.ts": handlesSource(stations, (station) => station + 1) },
    columns: [],
    row: () => [],
    entry: [],
  });
  try {
    return (
      await buildModule(`${folder.folder}/agents/ring-plain.ts`, {
        directory: folder.folder,
        name: "ring-plain",
      })
    ).bytes;
  } finally {
    folder.remove();
  }
}

/** Messages that wait, framed, in order of arrival: one array for all stations. */
class Mail {
  readonly words: Uint32Array;
  readonly receivers: Uint32Array;
  length = 0;

  constructor(capacity: number) {
    this.words = new Uint32Array(capacity * framedWords);
    this.receivers = new Uint32Array(capacity);
  }
}

/** An instance and the view of its memory, made anew when the memory has grown. */
class Station {
  guest: BareGuest | undefined;
  #words = new Uint32Array(0);

  get words(): Uint32Array {
    if (this.#words.length === 0 && this.guest !== undefined)
      this.#words = new Uint32Array(this.guest.memory.buffer);
    return this.#words;
  }
}

/** A handle is the station's number plus one: 0 is the outside. */
function hostFunctions(station: Station, outgoing: () => Mail): HostFunctions {
  return {
    send: (pointer) => {
      const mail = outgoing();
      const { words } = station;
      const from = pointer >>> 2;
      mail.receivers[mail.length] = (words[from + peerWord] ?? 0) - 1;
      copyWords(words, from, mail.words, mail.length * framedWords);
      mail.length += 1;
      return 0;
    },
  };
}

/** A loop: for so few words faster than a view and `set`. */
function copyWords(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number): void {
  for (let word = 0; word < framedWords; word += 1) to[toAt + word] = from[fromAt + word] ?? 0;
}

export const instanceRing: RingForm = async (stations, hops) => {
  const module = await moduleFor(stations);
  let incoming = new Mail(stations);
  let outgoing = new Mail(stations);
  const places = Array.from({ length: stations }, () => new Station());
  const guests = places.map((place) => {
    place.guest = instantiate(
      module,
      hostFunctions(place, () => outgoing),
    );
    return place.guest;
  });
  guests.forEach((guest, number) => start(guest, { number }));
  const startMs = performance.now();
  for (let hop = 0; hop < hops; hop += 1) {
    [incoming, outgoing] = [outgoing, incoming];
    outgoing.length = 0;
    for (let index = 0; index < incoming.length; index += 1) deliver(places, incoming, index);
  }
  const elapsedMs = performance.now() - startMs;
  return { elapsedMs, ...statesOf(guests) };
};

function deliver(places: readonly Station[], { receivers, words }: Mail, index: number): void {
  const station = places[receivers[index] ?? 0];
  if (station?.guest === undefined) throw new RangeError(`there is no station ${receivers[index]}`);
  const pointer = station.guest.agent_alloc(framedBytes);
  copyWords(words, index * framedWords, station.words, pointer >>> 2);
  station.guest.agent_receive(pointer);
}

/** The first message of every agent: its arguments. */
function start(guest: BareGuest, args: { readonly number: number }): void {
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
  guest._initialize?.();
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
