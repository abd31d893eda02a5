/**
 * What people are told about faults: the executor's words, joined with the faults that the world has counted. A side
 * list of this process: never in the world, never in the log. `logs` computes it again for every fault of a run.
 */

import { FaultCode } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { TickResult } from "@wasm-engine/core";
import type { FaultDetail } from "@wasm-engine/executor";
import { StackMap } from "../modules/stack-map.js";
import type { FaultReport } from "./control.js";
import { faultDetailCharactersMax, faultDetailsMax, faultsHeardMax } from "./limits.js";

type Fault = TickResult["faults"][number];

export class FaultLog {
  /** Details whose fault has not taken effect: that of a turn of several slices comes ticks later. */
  readonly #heard = new Map<AgentId, FaultDetail>();
  readonly #first: FaultReport[] = [];
  readonly #stacks: StackMap;
  #lastTick: readonly FaultReport[] = [];

  /** @param stacks puts file and line of sources into stack traces */
  constructor(stacks: StackMap = new StackMap()) {
    this.#stacks = stacks;
  }

  /** The first faults that took effect since this process opened the run. */
  get first(): readonly FaultReport[] {
    return this.#first;
  }

  /** Takes what the executor says while it executes. */
  hear(detail: FaultDetail): void {
    if (this.#heard.size >= faultsHeardMax) return;
    const text = this.#stacks.map(detail.detail).slice(0, faultDetailCharactersMax);
    this.#heard.set(detail.id, { ...detail, detail: text });
  }

  /** Reports of the faults that took effect in a tick, in commit order. */
  note(tick: number, faults: readonly Fault[]): readonly FaultReport[] {
    if (faults.length === 0) return (this.#lastTick = []);
    this.#lastTick = faults.map((fault) => this.#report(tick, fault));
    this.#first.push(...this.#lastTick.slice(0, faultDetailsMax - this.#first.length));
    return this.#lastTick;
  }

  /** The last fault of an agent in the last tick. */
  newestOf(agentId: AgentId): FaultReport | undefined {
    return this.#lastTick.filter((report) => report.agentId === agentId).at(-1);
  }

  #report(tick: number, { agentId, code, guestCode, plannedTick }: Fault): FaultReport {
    const heard = this.#heard.get(agentId);
    const isOfThis = heard?.code === code && heard.guestCode === guestCode;
    if (isOfThis) this.#heard.delete(agentId);
    const detail = isOfThis ? heard.detail : "";
    const begun = plannedTick === undefined ? {} : { plannedTick };
    return { tick, agentId, code: nameOf(code), guestCode, ...begun, detail };
  }
}

function nameOf(code: number): string {
  return Object.entries(FaultCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
