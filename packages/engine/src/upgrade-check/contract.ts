/** What checking an upgrade against recorded history is asked and answers. Plain data. */

import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { AdmittedModule } from "../modules/admission.js";

export interface UpgradeCheckJob {
  readonly kind: "upgrade-check";
  readonly dir: string;
  /** New code by the names that the run has for modules. */
  readonly modules: readonly Pick<AdmittedModule, "name" | "digest" | "instrumented">[];
  /** First tick that the new code executes; default 0: its agents never had another. */
  readonly from?: number;
  /** Last tick; default: the last committed one. */
  readonly to?: number;
  /** Only these agents. */
  readonly agents?: readonly string[];
}

/** Something that an agent asked for, as people read it. */
export interface ShownEffect {
  readonly kind: string;
  /** Receiver, or name of the model or tool, where there is one. */
  readonly to?: string;
  readonly topic?: string;
  readonly payload?: Json;
}

/** One side of the first difference. */
export interface ShownTurn {
  readonly effects: readonly ShownEffect[];
  /** Code of the fault that ended the turn, where one did. */
  readonly fault?: string;
}

export interface UpgradeDifference {
  readonly tick: number;
  /** upgrade: the new code did not take over the state. */
  readonly what: "effects" | "fault" | "upgrade";
  readonly recorded: ShownTurn;
  readonly shadow: ShownTurn;
}

export interface CheckedAgent {
  readonly agentId: AgentId;
  readonly moduleName: string;
  /** Recorded turns that the new code took as well, up to and with the first that differs. */
  readonly turns: number;
  /** Of these turns. */
  readonly fuel: { readonly recorded: number; readonly shadow: number };
  /** How the state came into the new code; start: it had it from the beginning. */
  readonly state: "start" | "imported" | "fresh" | "refused";
  readonly firstDifference: UpgradeDifference | null;
}

export interface UpgradeCheckReport {
  readonly runId: string;
  readonly dir: string;
  readonly modules: readonly { readonly name: string; readonly digest: ModuleDigest }[];
  /** No agent did anything else. */
  readonly equal: boolean;
  readonly from: number;
  readonly to: number;
  readonly ticksExecuted: number;
  readonly agents: readonly CheckedAgent[];
  /** Agents that faulted under the new code where they had not. */
  readonly faults: number;
  /** Fuel of the new code by that of the recorded, over all turns that both took; null without turns. */
  readonly fuelRatio: number | null;
}
