/** Digests and images of one moment, asked for while turns go on, against a twin that answers at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentHandle } from "@wasm-engine/abi";
import fc from "fast-check";
import type { PagedImage } from "./executor-contract.js";
import { DATA_AT, Op } from "./testing/script-guest.js";
import type { Command } from "./testing/script-guest.js";
import { SCRIPT_GUEST, TestWorld, hex } from "./testing/test-world.js";

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const runs = Number(process.env["FUZZ_RUNS"] ?? 30);
const repeat = `repeat with FUZZ_SEED=${seed} node --test packages/executor/dist/kept-image.test.js`;
const names = ["a", "b", "c", "d", "long"];
const fuelPerSlice = 20_000;
const SLICED = { fuelPerSlice, fuelPerTurnMax: 200_000 };

interface Step {
  readonly kind: number;
  readonly value: number;
}

class Twins {
  readonly #late: TestWorld;
  readonly #plain = new TestWorld();
  readonly #agents: readonly AgentHandle[];
  readonly #busy = new Set<AgentHandle>();
  #digests: string[] | undefined;
  #images = new Map<AgentHandle, unknown>();
  #taken = new Set<AgentHandle>();
  /** Comparisons made. */
  compared = 0;

  constructor(instancesMax: number) {
    this.#late = new TestWorld({ instancesMax });
    const limits = (name: string) => (name === "long" ? SLICED : {});
    this.#agents = names.map((name) => this.#late.start(name, SCRIPT_GUEST, limits(name)));
    for (const name of names) this.#plain.start(name, SCRIPT_GUEST, limits(name));
  }

  take({ kind, value }: Step): void {
    const agent = this.#agents[value % names.length];
    assert.ok(agent !== undefined);
    switch (kind) {
      case 0:
        return this.#begin();
      case 1:
        return void this.#late.executor.late.advance(1 + (value % 3));
      case 2:
        return this.#end();
      case 3:
        return this.#beginImages();
      case 4:
        return void this.#takeImages(1 + (value % 3));
      case 5:
        return this.#apply({ kind: "reset", agent });
      case 6:
        for (const busy of this.#busy) this.#apply({ kind: "land", agent: busy });
        return this.#busy.clear();
      case 7:
        return assert.deepEqual(this.#late.executor.images(), this.#plain.executor.images());
      default:
        return this.#turns(value);
    }
  }

  finish(): void {
    this.#end();
    while (this.#takeImages(Infinity) > 0);
    assert.equal(this.#taken.size, this.#images.size);
    for (const busy of this.#busy) this.#apply({ kind: "land", agent: busy });
    assert.deepEqual(this.#late.executor.images(), this.#plain.executor.images());
  }

  #begin(): void {
    if (this.#digests !== undefined) return;
    this.#digests = this.#plain.executor.imageDigests(this.#agents).map(hex);
    this.#late.executor.late.begin(this.#agents);
  }

  #end(): void {
    if (this.#digests === undefined) return;
    assert.deepEqual(this.#late.executor.late.take().map(hex), this.#digests);
    this.#digests = undefined;
    this.compared += 1;
  }

  #beginImages(): void {
    this.#images = new Map(this.#plain.executor.pagedImages(true).map((image) => [image.agent, image]));
    assert.equal(this.#late.executor.beginImages(true), names.length);
    this.#taken = new Set();
  }

  #takeImages(count: number): number {
    const images: readonly PagedImage[] = this.#late.executor.takeImages(count);
    for (const image of images) {
      assert.ok(!this.#taken.has(image.agent), "each is given once");
      this.#taken.add(image.agent);
      assert.deepEqual(image, this.#images.get(image.agent));
      this.compared += 1;
    }
    return images.length;
  }

  #apply(operation: Parameters<TestWorld["executor"]["apply"]>[0][number]): void {
    if (operation.kind === "reset" && this.#busy.has(operation.agent)) return;
    for (const { executor, tick } of [this.#late, this.#plain]) executor.apply([operation], tick);
  }

  #turns(value: number): void {
    const awake = this.#agents.filter((agent, index) => (value >> index) % 2 === 1 && !this.#busy.has(agent));
    const script: Command[] = [
      [Op.COUNT, 1],
      [Op.STORE, DATA_AT + (value % 7) * 4500, value],
      ...(value % 11 === 0 ? [[Op.GROW, 1] as const] : []),
      ...(value % 5 === 0 ? [[Op.RANDOM, DATA_AT, 1, DATA_AT + 16] as const] : []),
      ...(value % 3 === 0 ? [[Op.SPIN, 8000] as const] : []),
      ...(value % 13 === 0 ? [[Op.TRAP, 0] as const] : []),
    ];
    const [late, plain] = [this.#late, this.#plain].map((world) =>
      awake.map((agent) => [agent, world.run(agent, script)] as const),
    );
    assert.deepEqual(late, plain);
    for (const [agent, { fuel }] of late ?? [])
      if (fuel > fuelPerSlice && agent === this.#agents.at(-1)) this.#busy.add(agent);
  }
}

test("[G4] digests and images of a moment are of that moment, whatever their agents do meanwhile", () => {
  let compared = 0;
  const steps = fc.array(fc.record({ kind: fc.nat(14), value: fc.nat(255) }), {
    minLength: 20,
    maxLength: 60,
  });
  try {
    fc.assert(
      fc.property(steps, fc.constantFrom(2, 100), (plan, instancesMax) => {
        const twins = new Twins(instancesMax);
        for (const step of plan) twins.take(step);
        twins.finish();
        compared += twins.compared;
      }),
      { seed, numRuns: runs, includeErrorInReport: true },
    );
  } catch (error) {
    process.stdout.write(`# ${repeat}\n`);
    throw error;
  }
  assert.ok(compared > runs, "moments were compared");
});
