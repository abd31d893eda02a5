/**
 * Script executors with digests that come when the test says so. What a digest is of is decided when it is begun: a
 * world that asks at the wrong moment gets another chain.
 */

import { assert, type AgentHandle } from "@wasm-engine/abi";
import type { LateDigests } from "../ports.js";
import { ScriptExecutors } from "./script-executors.js";

export class LateExecutors extends ScriptExecutors {
  #digests: readonly Uint8Array[] | undefined;
  /** All that was begun has been computed. */
  isDone = false;

  readonly late: LateDigests = lateOf(this);

  begin(agents: readonly AgentHandle[]): void {
    assert(this.#digests === undefined, "one after the other");
    this.#digests = this.imageDigests(agents);
    this.isDone = false;
  }

  take(): readonly Uint8Array[] {
    const digests = this.#digests;
    assert(digests !== undefined, "begun before taken");
    this.#digests = undefined;
    return digests;
  }
}

function lateOf(executors: LateExecutors): LateDigests {
  return {
    begin: (agents) => {
      executors.begin(agents);
    },
    advance: () => false,
    left: 0,
    get isReady() {
      return executors.isDone;
    },
    take: () => executors.take(),
  };
}
