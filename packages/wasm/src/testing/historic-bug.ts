/**
 * Mistakes that metering and instrumenting projects have really made, each of which is a test here. The list owns the
 * numbers and where each was seen; `src/history` holds the tests, docs/conformance.md the table.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { instrument } from "../instrument.js";
import { assemble } from "./assemble.js";
import { meterEachInstruction } from "./fuel-oracle.js";
import { MeteredGuest, OracleGuest } from "./metered-guest.js";

/** What went wrong, and where, by number less one. */
export const HISTORIC_BUGS: readonly (readonly [string, string])[] = [
  ["if, else and nested if of different cost", "wasmer#4256, finite-wasm 260e754"],
  ["a block that traps runs free where it is charged at its end", "wasmer#4219"],
  ["dead code behind br, return, unreachable; else behind a dead then", "wasm-instrument"],
  ["the default of br_table forgotten", "fvm"],
  ["call_indirect pops its index", "pwasm_utils#141"],
  ["block parameters and several results", "finite-wasm d5f9d67"],
  ["arguments of calls counted as stack for ever", "finite-wasm, wasm-instrument#2, #38"],
  ["counters and sums that wrap", "wasm-instrument#30, #40, CWA-2023-001"],
  ["bulk operations at a flat price", "wasmtime#13393, tari-ootle#2597, CosmWasm#1072"],
  ["overlapping copies done in chunks", "wasmtime#13577"],
  ["a start function that nobody meters", "nearcore#270"],
  ["imports reached by re-export or table, unmetered", "wasm-instrument"],
  ["data and constants changed where indices are rewritten", "nearcore#208"],
  ["the index of the fuel global with imported globals", "fvm#7"],
  ["instructions that the injector skips", "fvm#10"],
  ["rewriting in quadratic time", "substrate#12957"],
  ["fuel lost where the host throws", "CWA-2024-007"],
  ["compiled code kept from before a change of costs", "CWA-2024-004"],
  ["objects and arrays of garbage collection unmetered", "wasmtime#11426, #11428"],
  ["depth code priced, or priced by rewritten bodies", "ref-fvm#1243"],
  ["tables and many locals for free", "wasm-instrument"],
  ["depth not restored after a trap", "wasm-instrument"],
  ["negative and huge constant lengths", "fvm"],
  ["padded LEB128 in sizes and indices", "pwasm_utils"],
  ["a module that names the fuel global itself", "wasm-instrument"],
];

/** Registers the test of one bug, or of one side of it. */
export function historic(number: number, check: () => void, side = ""): void {
  const [title, seen] = HISTORIC_BUGS[number - 1] ?? assert.fail(`no bug ${number}`);
  test(`[G7] historic bug ${number}: ${title}${side === "" ? "" : `: ${side}`} (${seen})`, check);
}

/** An instrumented guest of this text. */
export function guestOf(
  text: string,
  functions: Readonly<Record<string, (...values: never[]) => unknown>> = {},
): MeteredGuest {
  return new MeteredGuest(instrument(assemble(text)).bytes, { functions });
}

/** Calls `run` with each of the arguments; fuel, value and trap are the per-instruction oracle's. Gives the fuel. */
export function equalToOracle(text: string, calls: readonly (readonly number[])[]): bigint[] {
  const bytes = assemble(text);
  return calls.map((parameters) => {
    const guest = new MeteredGuest(instrument(bytes).bytes);
    const oracle = new OracleGuest(meterEachInstruction(bytes)).call("run", parameters);
    const { value, trap } = guest.call("run", parameters);
    assert.deepEqual([value, trap], [oracle.value, oracle.trap], `run(${parameters.join(", ")})`);
    if (trap !== undefined) return oracle.fuel;
    assert.equal(guest.fuelOf("run", parameters), oracle.fuel, `fuel of run(${parameters.join(", ")})`);
    return oracle.fuel;
  });
}
