/**
 * The turns of one agent, recorded while a run is executed again: everything that executing that agent alone once more
 * takes. Bytes are copies.
 */

import { OutcomeReader, TurnReader, decodeEffects } from "@wasm-engine/abi";
import type { AgentHandle, Effect, EntryCode, Region } from "@wasm-engine/abi";
import type { AgentOperation, PopulationChange } from "@wasm-engine/core";
import type { AgentImage } from "@wasm-engine/executor";
import { witnessedMachine } from "../observed/witnessed-executor.js";
import type { WitnessedTick } from "../observed/witnessed-executor.js";
import { compareCommits } from "../replay/play.js";
import type { Machine } from "../threads/machine.js";
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

interface PlannedTurn {
  readonly invocations: readonly TurnInvocation[];
  readonly planIndex: number;
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
  #planned: PlannedTurn | undefined;

  constructor(agentId: string) {
    this.#agentId = agentId;
  }

  readonly machine: Pick<Machine, "start"> = witnessedMachine({
    onOperations: (operations, tick) => {
      for (const operation of operations) this.#note(operation, tick);
    },
    onPopulation: (change) => this.steps.push({ kind: "population", change }),
    onImages: (images) => {
      this.image = images.find(({ id }) => id === this.#agentId);
      this.agent = this.image?.agent;
      // A turn is under way: its journal is not here.
      if (this.image?.pending !== undefined) this.isOwn = false;
    },
    beforeTurns: (planned) => (this.#planned = this.#plannedTurn(planned)),
    afterTurns: (planned, outcomes) => this.#noteTurn(planned, outcomes),
  });

  #note(operation: AgentOperation, tick: number): void {
    if (operation.kind === "create" && operation.id === this.#agentId) {
      if (this.agent !== undefined) this.isOwn = false;
      this.agent = operation.agent;
      this.steps.push({ kind: "create", operation, tick });
    } else if (operation.agent === this.agent && !this.isAtEnd) this.isOwn = false;
  }

  /** What the agent is about to be given. */
  #plannedTurn({ turns, mail }: WitnessedTick): PlannedTurn | undefined {
    if (this.agent === undefined) return undefined;
    const reader = new TurnReader();
    reader.open(turns);
    let own: { readonly invocations: TurnInvocation[]; readonly planIndex: number } | undefined;
    while (reader.nextTurn()) {
      const isOwn = (reader.agent as AgentHandle) === this.agent; // written by the core
      if (isOwn) own = { invocations: [], planIndex: reader.planIndex };
      for (let index = 0; index < reader.invocationCount; index += 1) {
        reader.nextInvocation(mail);
        const { entry, messageSource, messageStart, messageBytes } = reader;
        if (!isOwn) continue;
        const message = messageSource.slice(messageStart, messageStart + messageBytes);
        own?.invocations.push(messageBytes === 0 ? { entry } : { entry, message });
      }
    }
    return own;
  }

  #noteTurn({ tick, timeNanos }: WitnessedTick, region: Region): void {
    if (this.#planned === undefined) return;
    const { invocations, planIndex } = this.#planned;
    const outcomes = new OutcomeReader(region);
    for (let index = 0; index <= planIndex; index += 1) outcomes.advance(index);
    this.steps.push({ kind: "turn", tick, timeNanos, invocations, outcome: outcomeOf(outcomes) });
  }
}

/** The turn that the reader stands at. */
export function outcomeOf(reader: OutcomeReader): TurnOutcome {
  const { completed, faultCode, guestCode, effectsStart, effectBytes, region } = reader;
  const effects = decodeEffects(region.bytes.slice(effectsStart, effectsStart + effectBytes));
  return { completed, faultCode, guestCode, effects };
}
