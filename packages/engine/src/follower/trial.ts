/**
 * Trials: an agent executed again alone, with everything that it was given but one message. What it then does otherwise
 * is due to that message; that is more than an order in time can tell. What the message would have changed in others
 * is not looked at: they are given as they were.
 */

import { OutcomeReader } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { Json, PopulationChange } from "@wasm-engine/core";
import type { RecordedRun } from "../replay/track.js";
import { singleThread } from "../threads/machine.js";
import { describeAgent } from "../world/world-parts.js";
import { outcomeOf } from "./agent-turns.js";
import type { AgentStep, AgentTurns, TurnOutcome } from "./agent-turns.js";

/** An invocation: the tick of its turn, and its place in it. */
export interface InvocationPlace {
  readonly tick: number;
  readonly place: number;
}

/** What an agent came to in a turn, and what it then described. */
export interface TrialResult {
  readonly outcome: TurnOutcome;
  readonly described: Json | undefined;
}

type Turn = Extract<AgentStep, { kind: "turn" }>;

export class AgentTrials {
  readonly #turns: AgentTurns;
  readonly #executor: ReturnType<typeof singleThread.start>["executor"];
  readonly #names = new Set<AgentId>();
  #isLoaded = false;

  constructor({ genesis, modules }: Pick<RecordedRun, "genesis" | "modules">, turns: AgentTurns) {
    this.#turns = turns;
    this.#executor = singleThread.start({ genesis, modules }).executor;
  }

  /** Turns that one trial up to `tick` executes. */
  length(tick: number): number {
    return this.#turns.steps.filter((step) => step.kind === "turn" && step.tick <= tick).length;
  }

  /** The turn of `tick`, without one invocation before it. Undefined where the agent has no such turn. */
  run(tick: number, without?: InvocationPlace): TrialResult | undefined {
    const { agent, image, steps } = this.#turns;
    this.#reset();
    if (image !== undefined) {
      this.#executor.loadImages([image]);
      this.#isLoaded = true;
    }
    for (const step of steps) {
      if (step.kind === "population") this.#learn(step.change);
      else if (step.kind === "create") {
        this.#executor.apply([step.operation], step.tick);
        this.#isLoaded = true;
      } else if (step.tick <= tick) {
        const outcome = this.#turn(step, without);
        if (step.tick === tick && outcome !== undefined)
          return { outcome, described: describeAgent(this.#executor, agent) };
      }
    }
    return undefined;
  }

  /** Back to where nobody lives and no name is known. */
  #reset(): void {
    if (this.#isLoaded) this.#executor.apply([{ kind: "drop", agent: this.#turns.agent }], 0);
    this.#isLoaded = false;
    this.#executor.seal({ added: [], removed: [...this.#names] });
    this.#names.clear();
  }

  #learn(change: PopulationChange): void {
    for (const id of change.removed) this.#names.delete(id);
    for (const [id] of change.added) this.#names.add(id);
    this.#executor.seal(change);
  }

  #turn(
    { tick, timeNanos, invocations }: Turn,
    without: InvocationPlace | undefined,
  ): TurnOutcome | undefined {
    const given = invocations.filter((_, place) => without?.tick !== tick || without.place !== place);
    if (given.length === 0) return undefined;
    const { agent } = this.#turns;
    this.#executor.beginTick(tick, timeNanos);
    const region = this.#executor.turnsOf(agent);
    region.beginTurn(agent, 0);
    for (const { entry, message } of given) {
      if (message === undefined) region.invoke(entry);
      else region.invokeWithMessage(entry, message);
    }
    this.#executor.execute();
    const reader = new OutcomeReader(this.#executor.outcomesOf(agent).region);
    reader.advance(0);
    return outcomeOf(reader);
  }
}
