/**
 * An executor that tells, turn by turn, what was executed and asked for: every invocation with the head of its message,
 * every effect. Nothing that the core sees is changed. For executors with one region of turns and outcomes.
 */

import { OutcomeReader, TurnReader, decodeEffects, decodeMessage } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, Effect, EntryCode, Message } from "@wasm-engine/abi";
import { singleThread } from "../threads/machine.js";
import type { ExecutorRequest, Machine, StartedExecutor } from "../threads/machine.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";

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
  readonly machine: Pick<Machine, "start"> = {
    start: (request: ExecutorRequest): StartedExecutor => {
      const started = singleThread.start(request);
      return { ...started, executor: this.#tapped(started.executor) };
    },
  };

  #tapped(executor: AgentExecutor): AgentExecutor {
    let tick = 0;
    let anyone: AgentHandle | undefined;
    return {
      testing: executor.testing,
      apply: (operations, of) => {
        for (const operation of operations)
          if (operation.kind === "create") this.names.set(operation.agent, operation.id);
        return executor.apply(operations, of);
      },
      seal: (change) => {
        for (const [id, handle] of change.added) this.names.set(handle, id);
        executor.seal(change);
      },
      mail: (of) => executor.mail(of),
      beginTick: (of, timeNanos) => {
        [tick, anyone] = [of, undefined];
        executor.beginTick(of, timeNanos);
      },
      turnsOf: (agent) => {
        anyone = agent;
        return executor.turnsOf(agent);
      },
      execute: () => {
        if (anyone !== undefined)
          this.#plan(executor.turnsOf(anyone).region, executor.mail(tick).region.bytes);
        executor.execute();
        if (anyone !== undefined) this.#land(executor.outcomesOf(anyone).region);
      },
      outcomesOf: (agent) => executor.outcomesOf(agent),
      imageDigests: (agents) => executor.imageDigests(agents),
      describe: (agent) => executor.describe(agent),
      examine: (agent, name) => executor.examine(agent, name),
      images: () => executor.images(),
      pagedImages: (all) => executor.pagedImages(all),
      beginImages: (all) => executor.beginImages(all),
      takeImages: (count) => executor.takeImages(count),
      loadImages: (images) => executor.loadImages(images),
      figures: () => executor.figures(),
    };
  }

  #plan(region: Parameters<TurnReader["open"]>[0], mail: Uint8Array): void {
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

  #land(region: OutcomeReader["region"]): void {
    const reader = new OutcomeReader(region);
    this.turns = this.#planned.map(({ agent, invocations }, planIndex) => {
      reader.advance(planIndex);
      const { fuel, completed, faultCode, effectsStart, effectBytes } = reader;
      const effects = decodeEffects(region.bytes.subarray(effectsStart, effectsStart + effectBytes));
      return { agent, fuel, completed, faultCode, invocations, effects };
    });
  }
}
