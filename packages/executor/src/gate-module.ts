/**
 * The gate: a module of a few instructions that is instantiated beside every guest and shares its memory and its
 * reserved globals. JavaScript pays tens of nanoseconds for each access to a global of a guest; through the gate one
 * call sets fuel and depth, enters the guest, and returns the fuel that is left. It changes nothing of the guest:
 * instrumented bytes, fuel and image are as without it. Its text is in testing/gate-text.ts, a test compares both.
 *
 *   alloc(fuel, depth, bytes)   sets fuel and depth, calls agent_alloc; the pointer, or -1 - pointer where fuel is owed
 *   receive(pointer, depth)     calls agent_receive; the fuel left, or -Infinity where the guest returned a negative
 *   step(pointer, depth)        the same for agent_step
 *   result()                    what agent_receive or agent_step returned last
 *   charge(fuel)                what a host function asks its thunk to charge
 *   zeros(at, bytes)            how many bytes from `at` on are zero, in steps of 64; memory is looked through fast
 */

import { compileModule, instantiateModule } from "./webassembly.js";
import type { WasmGlobal, WasmMemory, WasmModule } from "./webassembly.js";

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

/** Bytes of the gate module. */
export const GATE_BYTES: Uint8Array = Uint8Array.from({ length: GATE_HEX.length / 2 }, (_, index) =>
  Number.parseInt(GATE_HEX.slice(index * 2, index * 2 + 2), 16),
);

/** What the gate shares with its guest. */
export interface GateImports {
  readonly memory: WasmMemory;
  readonly fuel: WasmGlobal<bigint>;
  readonly depth: WasmGlobal<number>;
  readonly charge: WasmGlobal<number>;
  readonly alloc: (bytes: number) => number;
  readonly receive: (message: number) => number;
  readonly step: (context: number) => number;
}

/** The functions of one gate. */
export interface Gate {
  readonly alloc: (fuel: number, depthBytes: number, bytes: number) => number;
  readonly receive: (pointer: number, depthBytes: number) => number;
  readonly step: (pointer: number, depthBytes: number) => number;
  readonly result: () => number;
  readonly charge: (fuel: number) => void;
  readonly zeros: (at: number, bytes: number) => number;
}

let compiled: WasmModule | undefined;

/** Makes the gate of one guest instance. */
export function createGate(guest: GateImports): Gate {
  compiled ??= compileModule(GATE_BYTES);
  const { exports } = instantiateModule(compiled, { guest: { ...guest } });
  const { alloc, receive, step, result, charge, zeros } = exports as unknown as Gate; // the module above exports these
  return { alloc, receive, step, result, charge, zeros };
}
