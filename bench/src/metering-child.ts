/**
 * Program that measures one kernel in a process of its own, because V8's flags belong to a process:
 * `metering-child.js MODULE.wasm FORMS REPEAT TARGET_MS`; one line of JSON. Forms are run in turn, so that whatever the
 * machine does meanwhile meets all of them.
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { instrument } from "@wasm-engine/wasm";
import { startKernel } from "./kernel.js";
import type { KernelForm, RunKernel } from "./kernel.js";

/** What one process found. Milliseconds of processor time: the least of `repeat` runs of `rounds` rounds. */
export interface KernelTimes {
  readonly node: string;
  readonly v8: string;
  readonly rounds: number;
  readonly checksum: string;
  readonly settled: boolean;
  readonly forms: Readonly<Partial<Record<KernelForm, { readonly ms: number; readonly bytes: number }>>>;
}

interface Measured {
  readonly form: KernelForm;
  readonly bytes: number;
  readonly run: RunKernel;
  fastest: number;
}

const [path = "", forms = "base,conformance", repeat = "7", target = "300"] = process.argv.slice(2);
const original = readFileSync(path);
const targetMs = Number(target);

function bytesOf(form: KernelForm): Uint8Array {
  return form === "base" ? original : instrument(original, { profile: form }).bytes;
}

const measured: Measured[] = (forms.split(",") as KernelForm[]).map((form) => {
  const bytes = bytesOf(form);
  return { form, bytes: bytes.length, run: startKernel(bytes), fastest: Infinity };
}); // the parent names forms only

let checksum = "";

/** One run of each form, and whether all computed the same. Every other time in the opposite order. */
function round(rounds: number, turned: boolean): number[] {
  const times = new Map<Measured, number>();
  const checksums = new Set<string>();
  for (const entry of turned ? measured.toReversed() : measured) {
    const { ms, checksum: found } = entry.run(rounds);
    checksums.add(found);
    times.set(entry, ms);
    entry.fastest = Math.min(entry.fastest, ms);
  }
  [checksum = ""] = checksums;
  if (checksums.size !== 1) throw new TypeError(`the forms differ: ${[...checksums].join(" and ")}`);
  return measured.map((entry) => times.get(entry) ?? Infinity);
}

function forget(): void {
  for (const entry of measured) entry.fastest = Infinity;
}

/** So many rounds that the original takes the target. Finds it from below, which also warms up. */
async function chooseRounds(): Promise<number> {
  for (let rounds = 1; ;) {
    const [base = 0] = round(rounds, false);
    if (base >= targetMs) return rounds;
    await sleep(5); // Compilers work beside: what they have made comes in at a call.
    const factor = Math.min(4, (1.1 * targetMs) / Math.max(base, 0.001));
    rounds = Math.max(rounds + 1, Math.ceil(rounds * factor));
  }
}

/** Runs until no form has become faster by more than a hundredth in two rounds. */
async function settle(rounds: number): Promise<boolean> {
  let quiet = 0;
  for (let attempt = 0; attempt < 12 && quiet < 2; attempt += 1) {
    await sleep(20);
    const before = measured.map(({ fastest }) => fastest);
    round(rounds, attempt % 2 === 1);
    quiet = measured.every(({ fastest }, index) => fastest > 0.99 * (before[index] ?? 0)) ? quiet + 1 : 0;
  }
  return quiet >= 2;
}

let rounds = await chooseRounds();
forget();
let settled = await settle(rounds);
for (let again = 0; again < 3 && (measured[0]?.fastest ?? 0) < targetMs; again += 1) {
  rounds = Math.ceil((1.1 * rounds * targetMs) / (measured[0]?.fastest ?? targetMs));
  forget();
  settled = await settle(rounds);
}
forget();
for (let count = 0; count < Number(repeat); count += 1) round(rounds, count % 2 === 1);
const times: KernelTimes = {
  node: process.versions.node,
  v8: process.versions.v8,
  rounds,
  checksum,
  settled,
  forms: Object.fromEntries(measured.map(({ form, fastest, bytes }) => [form, { ms: fastest, bytes }])), // keys are forms
};
process.stdout.write(`${JSON.stringify(times)}\n`);
