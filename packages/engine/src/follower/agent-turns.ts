/**
 * The turns of one agent, recorded while a run is executed again: everything that executing that agent alone once more
 * takes. Bytes are copies.
 */

import { OutcomeReader, TurnReader, decodeEffects } from "@wasm-engine/abi";
import type { AgentHandle, Effect, EntryCode } from "@wasm-engine/abi";
import type { AgentOperation, PopulationChange } from "@wasm-engine/core";
import type { AgentImage } from "@wasm-engine/executor";
import { compareCommits } from "../replay/play.js";
import { singleThread } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";
import { fail } from "../world/errors.js";
import type { TrackBases } from "./track-bases.js";

export interface TurnInvocation {
  readonly entry: EntryCode;
  readonly message?: Uint8Array;
}

/** What a turn came to. */
export interface TurnOutcome {
  readonly completed: number;
  readonly faultCode: number;
  readonly guestCode: number;
  readonly effects: readonly Effect[];
}

export type AgentStep =
  | { readonly kind: "population"; readonly change: PopulationChange }
  | { readonly kind: "create"; readonly operation: AgentOperation; readonly tick: number }
  | {
      readonly kind: "turn";
      readonly tick: number;
      readonly timeNanos: bigint;
      readonly invocations: readonly TurnInvocation[];
      readonly outcome: TurnOutcome;
    };

export interface AgentTurns {
  readonly agent: AgentHandle;
  /** The tick of the snapshot that the record begins behind; -1: the start of the run. */
  readonly after: number;
  /** The agent as it was there; absent: it was created later. */
  readonly image?: AgentImage;
  readonly steps: readonly AgentStep[];
}

interface Range {
  /** Behind the newest snapshot at or before this tick. */
  readonly from: number;
  readonly to: number;
}

/**
 * Turns of an agent up to tick `to`. Undefined where its turns alone do not make its state: a turn over several ticks,
 * an upgrade, new memory.
 * @throws {WE_RUN_DIVERGED}
 */
export function recordTurns(bases: TrackBases, agentId: string, { from, to }: Range): AgentTurns | undefined {
  const { run } = bases;
  const recorder = new TurnRecorder(agentId);
  const track = bases.open(from < 0 ? undefined : from, { machine: recorder.machine });
  const after = track.world.tick;
  try {
    for (const { tick, inputs, commit } of run.log.ticks(after)) {
      if (commit === undefined || tick > to) break;
      recorder.isAtEnd = tick === to;
      const difference = compareCommits(commit, track.world.step(tick, inputs).commit);
      if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
    }
  } finally {
    track.close();
  }
  const { agent, image, steps, isOwn } = recorder;
  if (agent === undefined || !isOwn) return undefined;
  return { agent, after, steps, ...(image === undefined ? {} : { image }) };
}

class TurnRecorder {
  readonly steps: AgentStep[] = [];
  agent: AgentHandle | undefined;
  image: AgentImage | undefined;
  /** Nothing but its turns has changed the agent. */
  isOwn = true;
  /** The last tick: what is done to the agent after its turn there is of no interest. */
  isAtEnd = false;
  readonly #agentId: string;
  #anyone: AgentHandle | undefined;
  #tick = 0;

  constructor(agentId: string) {
    this.#agentId = agentId;
  }

  readonly machine: Pick<Machine, "start"> = {
    start: (request) => {
      const started = singleThread.start(request);
      return { ...started, executor: this.#recording(started.executor) };
    },
  };

  #recording(executor: AgentExecutor): AgentExecutor {
    return {
      testing: executor.testing,
      apply: (operations, tick) => {
        for (const operation of operations) this.#note(operation, tick);
        return executor.apply(operations, tick);
      },
      seal: (change) => {
        this.steps.push({ kind: "population", change });
        executor.seal(change);
      },
      mail: (tick) => executor.mail(tick),
      beginTick: (tick, timeNanos) => {
        [this.#tick, this.#anyone] = [tick, undefined];
        executor.beginTick(tick, timeNanos);
      },
      turnsOf: (agent) => {
        this.#anyone = agent;
        return executor.turnsOf(agent);
      },
      execute: () => this.#execute(executor),
      outcomesOf: (agent) => executor.outcomesOf(agent),
      imageDigests: (agents) => executor.imageDigests(agents),
      describe: (agent) => executor.describe(agent),
      examine: (agent, name) => executor.examine(agent, name),
      images: () => executor.images(),
      pagedImages: (all) => executor.pagedImages(all),
      beginImages: (all) => executor.beginImages(all),
      takeImages: (count) => executor.takeImages(count),
      loadImages: (images) => {
        this.image = images.find(({ id }) => id === this.#agentId);
        this.agent = this.image?.agent;
        // A turn is under way: its journal is not here.
        if (this.image?.pending !== undefined) this.isOwn = false;
        executor.loadImages(images);
      },
      figures: () => executor.figures(),
    };
  }

  #note(operation: AgentOperation, tick: number): void {
    if (operation.kind === "create" && operation.id === this.#agentId) {
      if (this.agent !== undefined) this.isOwn = false;
      this.agent = operation.agent;
      this.steps.push({ kind: "create", operation, tick });
    } else if (operation.agent === this.agent && !this.isAtEnd) this.isOwn = false;
  }

  #execute(executor: AgentExecutor): void {
    const { agent } = this;
    if (agent === undefined || this.#anyone === undefined) return executor.execute();
    const reader = new TurnReader();
    reader.open(executor.turnsOf(this.#anyone).region);
    const mail = executor.mail(this.#tick).region.bytes;
    let own: { readonly invocations: TurnInvocation[]; readonly planIndex: number } | undefined;
    while (reader.nextTurn()) {
      const isOwn = (reader.agent as AgentHandle) === agent; // written by the core
      if (isOwn) own = { invocations: [], planIndex: reader.planIndex };
      for (let index = 0; index < reader.invocationCount; index += 1) {
        reader.nextInvocation(mail);
        const { entry, messageSource, messageStart, messageBytes } = reader;
        if (!isOwn) continue;
        const message = messageSource.slice(messageStart, messageStart + messageBytes);
        own?.invocations.push(messageBytes === 0 ? { entry } : { entry, message });
      }
    }
    const { timeNanos } = reader;
    executor.execute();
    if (own === undefined) return;
    const outcomes = new OutcomeReader(executor.outcomesOf(agent).region);
    for (let index = 0; index <= own.planIndex; index += 1) outcomes.advance(index);
    const { invocations } = own;
    this.steps.push({ kind: "turn", tick: this.#tick, timeNanos, invocations, outcome: outcomeOf(outcomes) });
  }
}

/** The turn that the reader stands at. */
export function outcomeOf(reader: OutcomeReader): TurnOutcome {
  const { completed, faultCode, guestCode, effectsStart, effectBytes, region } = reader;
  const effects = decodeEffects(region.bytes.slice(effectsStart, effectsStart + effectBytes));
  return { completed, faultCode, guestCode, effects };
}
