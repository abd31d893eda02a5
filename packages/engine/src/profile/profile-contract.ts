/** What a profile is asked and what it answers. Plain data: the job runs in a world process. */

import type { AgentId } from "@wasm-engine/abi";
import type { FrameName, FuelTreeData } from "./fuel-tree.js";

export interface ProfileOptions {
  /** Only calls of this agent. */
  readonly agent?: string;
  /** Only calls into this module, by its name in the configuration. */
  readonly module?: string;
  /** First tick whose calls count; default: 0. */
  readonly from?: number;
  /** Last tick to be executed; default: the last committed one. */
  readonly to?: number;
  /** Fuel of every straight-line segment of code as well. */
  readonly blocks?: boolean;
}

/** A build of a module that has names of functions. */
export interface NamedBuild {
  readonly bytes: Uint8Array;
  /** The file was named by whoever asks: other code is an error. Else it is passed over. */
  readonly isAsked: boolean;
}

export interface ProfileJob extends ProfileOptions {
  readonly kind: "profile";
  readonly dir: string;
  /** By name of the module. */
  readonly names?: Readonly<Record<string, NamedBuild>>;
}

/** One function of one module. */
export interface ProfiledFunction extends FrameName {
  readonly calls: number;
  /** Of its own code. */
  readonly selfFuel: number;
  /** With everything that it called; a call of itself is counted once. */
  readonly totalFuel: number;
}

/** A run of instructions that is charged as one, or an instruction whose price depends on an operand. */
export interface ProfiledBlock {
  readonly module: string;
  readonly index: number;
  readonly name: string;
  /** Of its first instruction in the module as it was built; -1: the price of a host function. */
  readonly offset: number;
  readonly times: number;
  readonly fuel: number;
}

export interface ProfiledAgent {
  readonly agentId: AgentId;
  readonly calls: number;
  readonly fuel: number;
}

export interface ProfileReport {
  readonly runId: string;
  readonly dir: string;
  /** First and last tick that count, and how many of them were executed. */
  readonly from: number;
  readonly to: number;
  readonly ticks: number;
  /** Invocations, and halves of upgrades. */
  readonly calls: number;
  readonly faultedCalls: number;
  /** What the agents paid: the sum of `selfFuel` over all functions, less `overdrawnFuel`. */
  readonly fuel: number;
  /** Fuel of code that faulted calls executed and no slice covered: nobody paid for it. */
  readonly overdrawnFuel: number;
  /** Most expensive first. */
  readonly agents: readonly ProfiledAgent[];
  /** Those that were called, most expensive code first. */
  readonly functions: readonly ProfiledFunction[];
  readonly blocks?: readonly ProfiledBlock[];
  readonly tree: FuelTreeData;
}
