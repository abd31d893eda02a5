/**
 * What people are told about faults: the executor's words, joined with the faults that the world has counted. A side
 * list of this process: never in the world, never in the log. `logs` computes it again for every fault of a run.
 */

import { FaultCode } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { ExecutedTick, UpgradeReport } from "@wasm-engine/core";
import type { FaultDetail } from "@wasm-engine/executor";
import { StackMap } from "../modules/stack-map.js";
import type { FaultReport } from "./control.js";
import { faultDetailCharactersMax, faultDetailsMax, faultsHeardMax, pendingNamesMax } from "./limits.js";

type Fault = ExecutedTick["faults"][number];

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
  note(
    tick: number,
    { faults, upgrades }: Pick<ExecutedTick, "faults" | "upgrades">,
  ): readonly FaultReport[] {
    if (faults.length === 0) return (this.#lastTick = []);
    const waited = new Map<AgentId, UpgradeReport>();
    for (const upgrade of upgrades) if (upgrade.reason === "pending") waited.set(upgrade.agentId, upgrade);
    this.#lastTick = faults.map((fault) => {
      // An upgrade is refused at its deadline before anything is executed: the first such fault is its own.
      const upgrade = fault.code === FaultCode.HOST_DENIED ? waited.get(fault.agentId) : undefined;
      if (upgrade === undefined) return this.#report(tick, fault);
      waited.delete(fault.agentId);
      return {
        tick,
        agentId: fault.agentId,
        code: nameOf(fault.code),
        guestCode: 0,
        detail: refusalText(upgrade),
      };
    });
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

/** What an agent still waited for when its upgrade was given up. */
function refusalText({ pending }: UpgradeReport): string {
  const names = pending.slice(0, pendingNamesMax).map(({ kind, name, sinceTick }) => {
    const since = sinceTick < 0 ? "" : ` since tick ${sinceTick}`;
    return `${name === "" ? kind : `${kind} ${name}`}${since}`;
  });
  const more = pending.length - names.length;
  const list = [...names, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  const what = list === "" ? "an answer that the agent has not read" : list;
  return `the upgrade was refused\npending at the end of its drainTicks: ${what}`;
}

function nameOf(code: number): string {
  return Object.entries(FaultCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
