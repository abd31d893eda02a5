/**
 * The gate: a module of a few instructions that is instantiated beside every guest and shares its memory and its
 * reserved globals. JavaScript pays tens of nanoseconds for each access to a global of a guest; through the gate one
 * call sets fuel and depth, enters the guest, and returns the fuel that is left. It changes nothing of the guest:
 * instrumented bytes, fuel and image are as without it.
 *
 *   alloc(fuel, depth, bytes)   sets fuel and depth, calls agent_alloc; the pointer, or -1 - pointer where fuel is owed
 *   receive(pointer, depth)     calls agent_receive; the fuel left, or -Infinity where the guest returned a negative
 *   step(pointer, depth)        the same for agent_step
 *   result()                    what agent_receive or agent_step returned last
 *   charge(fuel)                what a host function asks its thunk to charge
 *   zeros(at, bytes)            how many bytes from `at` on are zero, in steps of 64; memory is looked through fast
 *
 * JavaScript does not call gates one by one: the hub, one per executor, finds them in a table, so that every call has
 * the same target, which engines compile well, and functions of a thousand guests need not be in the cache. Texts of
 * both modules are in testing/gate-text.ts; a test compares.
 */

import { assert } from "@wasm-engine/abi";
import { compileModule, createTable, instantiateModule } from "./webassembly.js";
import type { WasmGlobal, WasmMemory, WasmModule, WasmTable } from "./webassembly.js";

const GATE_HEX =
  "0061736d0100000001260760017f017f60037c7f7f017c60017f017c60027f7f017c6000017f60017f0060027f7f017f" +
  "026907056775657374066d656d6f7279020000056775657374046675656c037e01056775657374056465707468037f01" +
  "05677565737406636861726765037f0105677565737405616c6c6f630000056775657374077265636569766500000567" +
  "7565737404737465700000030807010203030405060606017f0141000b07340605616c6c6f6300030772656365697665" +
  "00050473746570000606726573756c740007066368617267650008057a65726f7300090ab701072c01017f2000b02400" +
  "200124012002100021032300420053044044000000000000f0bf2003b8a10f0b2003b80b1b0020002403200041004804" +
  "4044000000000000f0ff0f0b2300b90b0c00200124012000100110040b0c00200124012000100210040b040023030b06" +
  "00200024020b4601017f03402000fd0004002000fd000410fd502000fd0004202000fd000430fd50fd50fd5304402002" +
  "0f0b200041c0006a2100200241c0006a210220022001490d000b20010b";

const HUB_HEX =
  "0061736d0100000001260660037c7f7f017c60027f7f017c60017f0060047f7c7f7f017c60037f7f7f017c60027f7f00" +
  "021101056761746573057461626c6501700000030403030405071a0305616c6c6f63000005656e746572000106636861" +
  "72676500020a25030d0020012002200320001100000b0b002001200220001101000b0900200120001102000b";

export const GATE_BYTES: Uint8Array = bytesOf(GATE_HEX);
export const HUB_BYTES: Uint8Array = bytesOf(HUB_HEX);

/** Places of one gate's functions in the table, from its first one on. */
const PlaceOf = { alloc: 0, receive: 1, step: 2, charge: 3 } as const;
const PLACES_PER_GATE = 4;
const GATES_FIRST = 16;

/** What a gate shares with its guest. */
export interface GateImports {
  readonly memory: WasmMemory;
  readonly fuel: WasmGlobal<bigint>;
  readonly depth: WasmGlobal<number>;
  readonly charge: WasmGlobal<number>;
  readonly alloc: (bytes: number) => number;
  readonly receive: (message: number) => number;
  readonly step: (context: number) => number;
}

/** A gate with its place and the functions that are called seldom. */
export interface Gate {
  readonly place: number;
  readonly result: () => number;
  readonly zeros: (at: number, bytes: number) => number;
}

interface HubExports {
  readonly alloc: (place: number, fuel: number, depthBytes: number, bytes: number) => number;
  readonly enter: (place: number, pointer: number, depthBytes: number) => number;
  readonly charge: (place: number, fuel: number) => void;
}

let gateModule: WasmModule | undefined;
let hubModule: WasmModule | undefined;

/** The gates of all guests of one executor. */
export class GateHub {
  readonly #table: WasmTable;
  readonly #hub: HubExports;
  readonly #free: number[] = [];
  #gates = 0;

  constructor() {
    hubModule ??= compileModule(HUB_BYTES);
    this.#table = createTable(GATES_FIRST * PLACES_PER_GATE);
    const { exports } = instantiateModule(hubModule, { gates: { table: this.#table } });
    this.#hub = { ...exports } as unknown as HubExports; // the module above exports exactly these
  }

  /** Makes the gate of a guest. */
  open(guest: GateImports): Gate {
    gateModule ??= compileModule(GATE_BYTES);
    const { exports } = instantiateModule(gateModule, { guest: { ...guest } });
    const place = this.#claim();
    for (const [name, offset] of Object.entries(PlaceOf)) this.#table.set(place + offset, exports[name]);
    const { result, zeros } = exports as unknown as Gate; // the module above exports these
    return { place, result, zeros };
  }

  /** The guest is not used any more. */
  close({ place }: Gate): void {
    for (let offset = 0; offset < PLACES_PER_GATE; offset += 1) this.#table.set(place + offset, null);
    this.#free.push(place);
  }

  /** `place`: that of the gate, which instances keep themselves. */
  alloc(place: number, fuel: number, depthBytes: number, bytes: number): number {
    return this.#hub.alloc(place + PlaceOf.alloc, fuel, depthBytes, bytes);
  }

  receive(place: number, pointer: number, depthBytes: number): number {
    return this.#hub.enter(place + PlaceOf.receive, pointer, depthBytes);
  }

  step(place: number, pointer: number, depthBytes: number): number {
    return this.#hub.enter(place + PlaceOf.step, pointer, depthBytes);
  }

  charge(place: number, fuel: number): void {
    this.#hub.charge(place + PlaceOf.charge, fuel);
  }

  #claim(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const place = this.#gates * PLACES_PER_GATE;
    this.#gates += 1;
    if (place === this.#table.length) this.#table.grow(this.#table.length);
    assert(place < this.#table.length, "a gate has a place");
    return place;
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}
