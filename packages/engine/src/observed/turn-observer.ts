/**
 * Looks over the shoulder of an executor: what every turn asked for, in plan order, copied before the regions are used
 * again. Changes nothing of what the core sees.
 */

import { EntryCode, OutcomeReader, TurnReader, decodeEffects } from "@wasm-engine/abi";
import type { AgentHandle, Effect, Region } from "@wasm-engine/abi";
import type { Executors } from "@wasm-engine/core";
import type { AgentExecutor } from "../threads/threaded-executor.js";
import { witnessed } from "./witnessed-executor.js";

/** One turn as it was executed. Its effects count from the tick in which it becomes visible. */
export interface ExecutedTurn {
  readonly agent: AgentHandle;
  readonly tick: number;
  readonly planIndex: number;
  readonly fuel: number;
  readonly effects: readonly Effect[];
}

export interface TurnWitness {
  /** Told after each tick that had turns. */
  onTurns(turns: readonly ExecutedTurn[]): void;
  /** Told before a tick is executed, once per message that an agent is about to receive. Bytes are copies. */
  onReceived?(agent: AgentHandle, message: Uint8Array): void;
}

/** The same executor, which tells what it executes. For executors with one region of turns and outcomes. */
export function observeTurns(executor: AgentExecutor, witness: TurnWitness): Executors {
  return witnessed(executor, {
    beforeTurns: ({ turns, mail }) => tellReceived(turns, mail, witness),
    afterTurns: ({ tick, turnCount }, outcomes) => witness.onTurns(turnsIn(outcomes, tick, turnCount)),
  });
}

function tellReceived(turns: Region, mail: Uint8Array, witness: TurnWitness): void {
  if (witness.onReceived === undefined) return;
  const reader = new TurnReader();
  reader.open(turns);
  while (reader.nextTurn()) {
    for (let index = 0; index < reader.invocationCount; index += 1) {
      reader.nextInvocation(mail);
      if (reader.entry !== EntryCode.RECEIVE) continue;
      const { messageSource, messageStart, messageBytes } = reader;
      const agent = reader.agent as AgentHandle; // written by the core
      witness.onReceived(agent, messageSource.slice(messageStart, messageStart + messageBytes));
    }
  }
}

function turnsIn(region: Region, tick: number, count: number): ExecutedTurn[] {
  const reader = new OutcomeReader(region);
  return Array.from({ length: count }, (_, planIndex) => {
    reader.advance(planIndex);
    const bytes = region.bytes.slice(reader.effectsStart, reader.effectsStart + reader.effectBytes);
    const agent = reader.agent as AgentHandle; // written by the executor from the turn that it was given
    return { agent, tick, planIndex, fuel: reader.fuel, effects: decodeEffects(bytes) };
  });
}
