/**
 * Surface of the in-process executor that engines, tests and tools use. `in-process-executor.ts` implements it and,
 * structurally, the core's `Executors` port (the executor may not import core: types are declared again here
 * where needed and a compile-time test in `engine` checks that both agree).
 */

import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";

/** Compiled, instrumented module with what linking needs. */
export interface GuestModule {
  readonly digest: ModuleDigest;
  /** Instrumented bytes (output of @wasm-engine/wasm `instrument`). */
  readonly bytes: Uint8Array;
}

/** Image of one agent as bytes: everything that restoring needs. */
export interface AgentImage {
  readonly agent: AgentHandle;
  readonly module: ModuleDigest;
  /** Bytes of linear memory; a multiple of 64 KiB. */
  readonly memory: Uint8Array;
  /** Mutable globals and segment flags as written by `__we_state_save`. */
  readonly state: Uint8Array;
  /** True once `agent_init` has completed. */
  readonly initialised: boolean;
}

/** Side information that never enters the world. */
export interface FaultDetail {
  readonly agent: AgentHandle;
  readonly tick: number;
  readonly code: number;
  /** Finer trap kind parsed from the engine's text, for people. */
  readonly detail: string;
}
