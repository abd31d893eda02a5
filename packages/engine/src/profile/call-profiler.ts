/**
 * Hears of every paid call of a replay and adds what the probes of its module say to a tree. It asserts that probes
 * and fuel counter agree to the last unit; what a faulted call was charged beyond the code that it executed is shown
 * as work of the host.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import { openProbeRing } from "@wasm-engine/executor";
import type { CallWitness, GuestModule, PaidCall, ProbeRing } from "@wasm-engine/executor";
import { LEAVE, instrumentForProfile } from "@wasm-engine/wasm";
import type { ProfileMap } from "@wasm-engine/wasm";
import { FuelTree } from "./fuel-tree.js";
import type { ProfiledAgent, ProfiledBlock } from "./profile-contract.js";

/** What else an agent pays for. */
const PLACING = { index: -1, name: "[messages placed]" } as const;
const LOST = { index: -1, name: "[slices lost to faults]" } as const;

/** A module with the ring that its probes write to. */
interface ProbedModule {
  readonly name: string;
  readonly map: ProfileMap;
  readonly ring: ProbeRing;
  /** Frame of function 0; behind the functions {@link PLACING} and {@link LOST}. */
  readonly frames: number;
  /** Per place. */
  readonly times: Float64Array;
  readonly fuel: Float64Array;
}

/** A module of the run. */
export interface ModuleToProfile {
  /** In the configuration. */
  readonly name: string;
  /** As signed. */
  readonly original: Uint8Array;
  /** Names of its functions, where another build of it has some. */
  readonly names: readonly string[] | undefined;
}

export interface ProfilerFilter {
  readonly agent?: string;
  /** Digests of modules that count; absent: all. */
  readonly modules?: ReadonlySet<ModuleDigest>;
  readonly from: number;
}

export class CallProfiler implements CallWitness {
  readonly tree = new FuelTree();
  readonly #filter: ProfilerFilter;
  readonly #modules = new Map<ModuleDigest, ProbedModule>();
  readonly #agents = new Map<AgentId, { calls: number; fuel: number }>();
  /** The call that counts. */
  #call: { readonly paid: PaidCall; readonly module: ProbedModule; readonly fuelBefore: number } | undefined;
  calls = 0;
  faultedCalls = 0;
  overdrawnFuel = 0;

  constructor(filter: ProfilerFilter) {
    this.#filter = filter;
  }

  /** What agents paid for the calls that count. */
  get fuel(): number {
    return this.tree.fuel - this.overdrawnFuel;
  }

  /** The module to be executed in place of the run's own. */
  module(digest: ModuleDigest, { name, original, names }: ModuleToProfile): GuestModule {
    const { bytes, map } = instrumentForProfile(original);
    const functions = map.functions.map((own, index) => ({
      module: name,
      index,
      name: names?.[index] ?? own,
    }));
    const host = [PLACING, LOST].map((frame) => ({ module: name, ...frame }));
    const module: ProbedModule = {
      name,
      map,
      ring: openProbeRing(() => this.#read(module)),
      frames: this.tree.addFrames([...functions, ...host]),
      times: new Float64Array(map.places.length),
      fuel: new Float64Array(map.places.length),
    };
    this.#modules.set(digest, module);
    return { digest, bytes, imports: module.ring.imports };
  }

  begin(paid: PaidCall): void {
    const module = this.#modules.get(paid.module);
    assert(module !== undefined, "a module is loaded before it is called");
    // What was heard since the last call that counted was a call that does not.
    this.#call = undefined;
    this.tree.unwind();
    module.ring.take();
    if (this.#counts(paid)) this.#call = { paid, module, fuelBefore: this.tree.fuel };
  }

  end(fuel: number, isFaulted: boolean): void {
    if (this.#call === undefined) return;
    const { paid, module, fuelBefore } = this.#call;
    this.#read(module);
    this.#call = undefined;
    this.tree.unwind();
    const placing = isFaulted ? Math.min(paid.placingFuel, fuel) : paid.placingFuel;
    const rest = fuel - placing - (this.tree.fuel - fuelBefore);
    assert(isFaulted || rest === 0, "probes and fuel counter agree");
    this.#host(module.frames + module.map.functions.length, placing);
    this.#host(module.frames + module.map.functions.length + 1, Math.max(0, rest));
    this.overdrawnFuel += Math.max(0, -rest);
    this.calls += 1;
    if (isFaulted) this.faultedCalls += 1;
    const sum = this.#agents.get(paid.id) ?? { calls: 0, fuel: 0 };
    this.#agents.set(paid.id, { calls: sum.calls + 1, fuel: sum.fuel + fuel });
  }

  /** Most expensive first. */
  agents(): ProfiledAgent[] {
    return [...this.#agents]
      .map(([agentId, sum]) => ({ agentId, ...sum }))
      .sort((left, right) => right.fuel - left.fuel || (left.agentId < right.agentId ? -1 : 1));
  }

  /** Those that were executed, in no order. */
  blocks(): ProfiledBlock[] {
    return [...this.#modules.values()].flatMap(({ name: module, map, frames, times, fuel }) =>
      map.places.flatMap(({ function: index, offset }, place) => {
        const name = this.tree.nameOf(frames + index);
        const sum = { times: times[place] ?? 0, fuel: fuel[place] ?? 0 };
        return sum.times === 0 ? [] : [{ module, index, name, offset, ...sum }];
      }),
    );
  }

  #counts({ tick, id, module }: PaidCall): boolean {
    const { agent, modules, from } = this.#filter;
    return tick >= from && (agent === undefined || agent === id) && modules?.has(module) !== false;
  }

  #host(frame: number, fuel: number): void {
    if (fuel === 0) return;
    this.tree.enter(frame);
    this.tree.charge(fuel);
    this.tree.leave();
  }

  /** Takes the words of a module's ring. */
  #read({ ring, map, frames, times, fuel }: ProbedModule): void {
    const count = ring.take();
    if (this.#call === undefined) return;
    const { tree } = this;
    const { words } = ring;
    const functions = map.functions.length;
    for (let index = 0; index < count; index += 1) {
      const word = words[index] ?? 0;
      if (word === LEAVE) tree.leave();
      else if (word <= functions) tree.enter(frames + word - 1);
      else {
        const place = word - functions - 1;
        const at = map.places[place];
        assert(at !== undefined, "a word stands for a place");
        let amount = at.fuel;
        if (at.linear !== undefined) {
          index += 1;
          amount *= (words[index] ?? 0) >>> at.linear.shift;
        }
        times[place] = (times[place] ?? 0) + 1;
        fuel[place] = (fuel[place] ?? 0) + amount;
        tree.charge(amount);
      }
    }
  }
}
