/**
 * Looks over the shoulder of an executor: what every turn asked for, in plan order, copied before the regions are used
 * again. Changes nothing of what the core sees.
 */

import { OutcomeReader, decodeEffects } from "@wasm-engine/abi";
import type { AgentHandle, Effect } from "@wasm-engine/abi";
import type { Executors } from "@wasm-engine/core";

/** One turn as it was executed. Its effects count from the tick in which it becomes visible. */
export interface ExecutedTurn {
  readonly agent: AgentHandle;
  readonly tick: number;
  readonly planIndex: number;
  readonly fuel: number;
  readonly effects: readonly Effect[];
}

/** The same executor, which tells `onTurns` what it executed. For executors with one region of outcomes. */
export function observeTurns(
  executor: Executors,
  onTurns: (turns: readonly ExecutedTurn[]) => void,
): Executors {
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
      executor.execute();
      if (anyone !== undefined) onTurns(turnsIn(executor.outcomesOf(anyone), tick, turnCount));
    },
    outcomesOf: (agent) => executor.outcomesOf(agent),
    imageDigests: (agents) => executor.imageDigests(agents),
  };
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
