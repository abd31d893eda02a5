/**
 * An executor that tells, turn by turn, what was executed and asked for: every invocation with the head of its message,
 * every effect. Nothing that the core sees is changed. For executors with one region of turns and outcomes.
 */

import { OutcomeReader, TurnReader, decodeEffects, decodeMessage } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, Effect, EntryCode, Message, Region } from "@wasm-engine/abi";
import { witnessedMachine } from "../observed/witnessed-executor.js";
import type { Machine } from "../threads/machine.js";

export interface TappedInvocation {
  readonly entry: EntryCode;
  /** A copy; absent where the entry takes none. */
  readonly message?: Message;
}

/** One executed turn. Its effects alias regions that the next tick uses again. */
export interface TappedTurn {
  readonly agent: AgentHandle;
  readonly fuel: number;
  readonly completed: number;
  readonly faultCode: number;
  readonly invocations: readonly TappedInvocation[];
  readonly effects: readonly Effect[];
}

/** What an executor has told since it was last asked. */
export class TurnTap {
  /** Turns of the last executed tick in plan order. */
  turns: TappedTurn[] = [];
  /** Everybody who has ever lived in the world of this executor, as far as it was told. */
  readonly names = new Map<AgentHandle, AgentId>();
  #planned: { readonly agent: AgentHandle; readonly invocations: readonly TappedInvocation[] }[] = [];

  /** A machine whose executors tell this tap. */
  readonly machine: Pick<Machine, "start"> = witnessedMachine({
    onOperations: (operations) => {
      for (const operation of operations)
        if (operation.kind === "create") this.names.set(operation.agent, operation.id);
    },
    onPopulation: ({ added }) => {
      for (const [id, handle] of added) this.names.set(handle, id);
    },
    beforeTurns: ({ turns, mail }) => this.#plan(turns, mail),
    afterTurns: (_, outcomes) => this.#land(outcomes),
  });

  #plan(region: Region, mail: Uint8Array): void {
    const reader = new TurnReader();
    reader.open(region);
    this.#planned = [];
    while (reader.nextTurn()) {
      const agent = reader.agent as AgentHandle; // written by the core
      const invocations: TappedInvocation[] = [];
      for (let index = 0; index < reader.invocationCount; index += 1) {
        reader.nextInvocation(mail);
        const { entry, messageSource, messageStart, messageBytes } = reader;
        if (messageBytes === 0) invocations.push({ entry });
        else {
          const bytes = messageSource.slice(messageStart, messageStart + messageBytes);
          invocations.push({ entry, message: decodeMessage(bytes) });
        }
      }
      this.#planned.push({ agent, invocations });
    }
  }

  #land(region: Region): void {
    const reader = new OutcomeReader(region);
    this.turns = this.#planned.map(({ agent, invocations }, planIndex) => {
      reader.advance(planIndex);
      const { fuel, completed, faultCode, effectsStart, effectBytes } = reader;
      const effects = decodeEffects(region.bytes.subarray(effectsStart, effectsStart + effectBytes));
      return { agent, fuel, completed, faultCode, invocations, effects };
    });
  }
}
