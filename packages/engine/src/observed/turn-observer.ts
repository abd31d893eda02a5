/**
 * Looks over the shoulder of an executor: what every turn asked for, in plan order, copied before the regions are used
 * again. Changes nothing of what the core sees.
 */

import { EntryCode, OutcomeReader, TurnReader, decodeEffects } from "@wasm-engine/abi";
import type { AgentHandle, Effect, Region } from "@wasm-engine/abi";
import type { Executors } from "@wasm-engine/core";

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
export function observeTurns(executor: Executors, witness: TurnWitness): Executors {
  let tick = 0;
  let turnCount = 0;
  let anyone: AgentHandle | undefined;
  return {
    apply: (operations, of) => executor.apply(operations, of),
    seal: (change) => executor.seal(change),
    mail: (of) => executor.mail(of),
    beginTick(of, timeNanos) {
      [tick, turnCount, anyone] = [of, 0, undefined];
      executor.beginTick(of, timeNanos);
    },
    turnsOf(agent) {
      turnCount += 1;
      anyone = agent;
      return executor.turnsOf(agent);
    },
    execute() {
      if (anyone !== undefined && witness.onReceived !== undefined) {
        tellReceived(executor.turnsOf(anyone).region, executor.mail(tick).region.bytes, witness);
      }
      executor.execute();
      if (anyone !== undefined) witness.onTurns(turnsIn(executor.outcomesOf(anyone), tick, turnCount));
    },
    outcomesOf: (agent) => executor.outcomesOf(agent),
    imageDigests: (agents) => executor.imageDigests(agents),
  };
}

function tellReceived(turns: Region, mail: Uint8Array, witness: TurnWitness): void {
  const reader = new TurnReader();
  reader.open(turns);
  while (reader.nextTurn()) {
    for (let index = 0; index < reader.invocationCount; index += 1) {
      reader.nextInvocation(mail);
      if (reader.entry !== EntryCode.RECEIVE) continue;
      const { messageSource, messageStart, messageBytes } = reader;
      const agent = reader.agent as AgentHandle; // written by the core
      witness.onReceived?.(agent, messageSource.slice(messageStart, messageStart + messageBytes));
    }
  }
}

function turnsIn({ region }: OutcomeReader, tick: number, count: number): ExecutedTurn[] {
  const reader = new OutcomeReader(region);
  return Array.from({ length: count }, (_, planIndex) => {
    reader.advance(planIndex);
    const bytes = region.bytes.slice(reader.effectsStart, reader.effectsStart + reader.effectBytes);
    const agent = reader.agent as AgentHandle; // written by the executor from the turn that it was given
    return { agent, tick, planIndex, fuel: reader.fuel, effects: decodeEffects(bytes) };
  });
}
