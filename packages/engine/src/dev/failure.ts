/** Failures of a run as `dev` sees them: faults, and agents that end with a code other than 0. */

import type { AgentId } from "@wasm-engine/abi";
import type { ObservedTick } from "../world/control.js";

export interface DevFailure {
  readonly kind: "fault" | "exit";
  readonly agentId: AgentId;
  /** Tick in which it took effect. */
  readonly tick: number;
  /** Last tick before the failing turn began; -1 where that was the first. */
  readonly before: number;
  /** Fault code, or the exit code. */
  readonly code: string;
  /** What is known of it; the first lines are for people. */
  readonly detail: string;
}

/** The failures of one tick, in commit order. */
export function failuresOf({ tick, faults, exits }: ObservedTick): readonly DevFailure[] {
  const before = (plannedTick: number | undefined): number => (plannedTick ?? tick) - 1;
  return [
    ...faults.map(({ agentId, code, guestCode, detail, plannedTick }): DevFailure => {
      const named = guestCode === 0 ? code : `${code} ${guestCode}`;
      return { kind: "fault", agentId, tick, before: before(plannedTick), code: named, detail };
    }),
    ...exits
      .filter(({ code }) => code !== 0)
      .map(({ agentId, code, plannedTick }): DevFailure => {
        return { kind: "exit", agentId, tick, before: before(plannedTick), code: String(code), detail: "" };
      }),
  ];
}

/**
 * The failure that a fork goes back to: the one that ended the run, else the first of an agent whose code has changed,
 * else the first.
 */
export function decisiveFailure(
  failures: readonly DevFailure[],
  context: { readonly ended?: AgentId; readonly hasChanged: (agent: AgentId) => boolean },
): DevFailure | undefined {
  const { ended, hasChanged } = context;
  const final = failures.filter(({ agentId, kind }) => kind === "fault" && agentId === ended).at(-1);
  return final ?? failures.find(({ agentId }) => hasChanged(agentId)) ?? failures[0];
}

/** Whether a failure of an earlier run is not among those of a later one. Its place may have moved, its words not. */
export function isGone(earlier: DevFailure, failures: readonly DevFailure[]): boolean {
  return !failures.some(
    ({ agentId, kind, code, detail }) =>
      agentId === earlier.agentId &&
      kind === earlier.kind &&
      code === earlier.code &&
      wordsOf(detail) === wordsOf(earlier.detail),
  );
}

/** Without the stack. */
function wordsOf(detail: string): string {
  return detail
    .split("\n")
    .filter((line) => !/^\s*at /.test(line))
    .join("\n");
}
