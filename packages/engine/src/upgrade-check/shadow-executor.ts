/**
 * An executor in whose shadow other code takes the same turns: what agents of some modules are given is given to copies
 * of them with the new code as well, and what both ask for is compared. The world sees the recorded code alone.
 */

import { EntryCode, OutcomeReader, TurnReader } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, ModuleDigest, Region } from "@wasm-engine/abi";
import type { AgentOperation, Executors } from "@wasm-engine/core";
import { witnessed } from "../observed/witnessed-executor.js";
import type { WitnessedTick } from "../observed/witnessed-executor.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";
import type { CheckedAgent, UpgradeDifference } from "./contract.js";
import { doneTurn, shownTurn, turnDifference } from "./shown-turn.js";
import type { DoneTurn } from "./shown-turn.js";

/** New code for a module of the run. */
export interface Replacement {
  readonly name: string;
  readonly digest: ModuleDigest;
}

interface Followed {
  readonly agentId: AgentId;
  readonly moduleName: string;
  readonly fuelPerSlice: number;
  state: CheckedAgent["state"];
  /** Its memory is new: it starts before its next turn. */
  startsAnew: boolean;
  turns: number;
  recordedFuel: number;
  shadowFuel: number;
  difference: UpgradeDifference | undefined;
  /** Shadowed no more: it differs, has ended or has got another module. */
  isOver: boolean;
}

interface ShadowOptions {
  readonly recorded: AgentExecutor;
  readonly shadow: AgentExecutor;
  readonly replacementOf: (module: ModuleDigest) => Replacement | undefined;
  readonly isChecked: (agent: AgentId) => boolean;
}

export class ShadowExecutor {
  readonly #options: ShadowOptions;
  readonly #followed = new Map<AgentHandle, Followed>();
  readonly #names = new Map<number, AgentId>();

  #isOn = false;
  /** Plan indices of the turns that the shadow takes in this tick, and one of their agents. */
  #copied: readonly number[] = [];
  #anyone: AgentHandle | undefined;

  constructor(options: ShadowOptions) {
    this.#options = options;
  }

  /** What the world executes with. */
  get executors(): Executors {
    const { recorded, shadow } = this.#options;
    return witnessed(recorded, {
      onOperations: (operations, tick) => {
        if (this.#isOn) this.#apply(operations, tick);
      },
      onPopulation: (change) => {
        for (const [id, handle] of change.added) this.#names.set(handle, id);
        shadow.seal(change);
      },
      beforeTurns: (planned) => {
        this.#copied = this.#isOn ? this.#copyTurns(planned) : [];
      },
      afterTurns: (planned, outcomes) => this.#compareTurns(planned, outcomes),
    });
  }

  /** From the next tick on. Agents that live already are upgraded as they stand; `tick` is that tick. */
  begin(tick: number): void {
    const { recorded, shadow, replacementOf, isChecked } = this.#options;
    this.#isOn = true;
    // The journal of a turn under way is that of the recorded code: such an agent is not followed.
    const images = recorded.images().filter(({ id, module, pending }) => {
      return pending === undefined && isChecked(id) && replacementOf(module) !== undefined;
    });
    shadow.loadImages(images);
    const upgrades = images.flatMap(({ agent, id, module, limits }) => {
      const replacement = replacementOf(module);
      if (replacement === undefined) return [];
      this.#follow(agent, { id, name: replacement.name, fuelPerSlice: limits.fuelPerSlice }, "imported");
      return [{ kind: "upgrade", agent, module: replacement.digest } as const];
    });
    for (const { agent, result } of shadow.apply(upgrades, tick)) {
      const followed = this.#followed.get(agent);
      if (followed === undefined) continue;
      followed.state = result;
      followed.startsAnew = result === "fresh";
      if (result === "refused") this.#end(followed, { tick, what: "upgrade", recorded: none, shadow: none });
    }
  }

  /** Every agent that has come since the world was opened, checked or not. */
  get agentIds(): Iterable<AgentId> {
    return this.#names.values();
  }

  get agents(): readonly CheckedAgent[] {
    const reports = [...this.#followed.values()].map((followed): CheckedAgent => {
      const { agentId, moduleName, turns, recordedFuel, shadowFuel, state, difference } = followed;
      const fuel = { recorded: recordedFuel, shadow: shadowFuel };
      return { agentId, moduleName, turns, fuel, state, firstDifference: difference ?? null };
    });
    return reports.sort((left, right) => (left.agentId < right.agentId ? -1 : 1));
  }

  #follow(
    agent: AgentHandle,
    {
      id,
      name,
      fuelPerSlice,
    }: { readonly id: AgentId; readonly name: string; readonly fuelPerSlice: number },
    state: CheckedAgent["state"],
  ): void {
    this.#followed.set(agent, {
      agentId: id,
      moduleName: name,
      fuelPerSlice,
      state,
      startsAnew: false,
      turns: 0,
      recordedFuel: 0,
      shadowFuel: 0,
      difference: undefined,
      isOver: false,
    });
  }

  /** Who comes with one of the modules comes with the new code. Turns land at once: the shadow has no ticks. */
  #apply(operations: readonly AgentOperation[], tick: number): void {
    const { shadow, replacementOf, isChecked } = this.#options;
    const own = operations.flatMap((operation): readonly AgentOperation[] => {
      const { agent, kind } = operation;
      if (kind === "create") {
        const { id, module, limits } = operation;
        const replacement = replacementOf(module);
        if (replacement === undefined || !isChecked(id)) return [];
        this.#follow(agent, { id, name: replacement.name, fuelPerSlice: limits.fuelPerSlice }, "start");
        return [{ ...operation, module: replacement.digest }];
      }
      const followed = this.#followed.get(agent);
      if (followed === undefined || followed.isOver || kind === "land") return [];
      if (kind === "reset") return [operation];
      followed.isOver = true;
      return [{ kind: "drop", agent }];
    });
    if (own.length > 0) shadow.apply(own, tick);
  }

  #compareTurns({ tick, turnCount }: WitnessedTick, outcomes: Region): void {
    const { shadow } = this.#options;
    if (this.#anyone === undefined) return;
    shadow.execute();
    const done = doneTurns(outcomes, turnCount);
    const reader = new OutcomeReader(shadow.outcomesOf(this.#anyone).region);
    for (const planIndex of this.#copied) {
      reader.advance(planIndex);
      const turn = done[planIndex];
      if (turn !== undefined) this.#compare(turn, doneTurn(reader), tick);
    }
  }

  /** Plan indices of the turns that the shadow takes too. */
  #copyTurns({ tick, timeNanos, turns, mail }: WitnessedTick): readonly number[] {
    const { shadow } = this.#options;
    const reader = new TurnReader();
    const copied: number[] = [];
    reader.open(turns);
    shadow.beginTick(tick, timeNanos);
    this.#anyone = undefined;
    while (reader.nextTurn()) {
      const agent = reader.agent as AgentHandle; // written by the core
      const followed = this.#followed.get(agent);
      const target = followed === undefined || followed.isOver ? undefined : shadow.turnsOf(agent);
      target?.beginTurn(agent, reader.planIndex);
      if (target !== undefined) {
        copied.push(reader.planIndex);
        this.#anyone = agent;
      }
      if (followed?.startsAnew === true) {
        followed.startsAnew = false;
        target?.invoke(EntryCode.INIT);
      }
      for (let index = 0; index < reader.invocationCount; index += 1) {
        reader.nextInvocation(mail);
        const { entry, messageSource, messageStart, messageBytes } = reader;
        if (messageBytes === 0) target?.invoke(entry);
        else target?.invokeWithMessage(entry, messageSource.slice(messageStart, messageStart + messageBytes));
      }
    }
    return copied;
  }

  #compare(recorded: DoneTurn, shadow: DoneTurn, tick: number): void {
    const agent = shadow.agent as AgentHandle; // given to the shadow above
    const followed = this.#followed.get(agent);
    if (followed === undefined) return;
    followed.turns += 1;
    followed.recordedFuel += recorded.fuel;
    followed.shadowFuel += shadow.fuel;
    if (shadow.fuel > followed.fuelPerSlice) this.#options.shadow.apply([{ kind: "land", agent }], tick);
    const what = turnDifference(recorded, shadow);
    if (what === undefined) return;
    const nameOf = (handle: number): string | undefined => this.#names.get(handle);
    const sides = { recorded: shownTurn(recorded, nameOf), shadow: shownTurn(shadow, nameOf) };
    this.#end(followed, { tick, what, ...sides });
    this.#options.shadow.apply([{ kind: "drop", agent }], tick);
  }

  /** From the first difference on its mail would be that of another history. */
  #end(followed: Followed, difference: UpgradeDifference): void {
    followed.difference = difference;
    followed.isOver = true;
  }
}

function doneTurns(outcomes: Region, count: number): readonly DoneTurn[] {
  const reader = new OutcomeReader(outcomes);
  return Array.from({ length: count }, (_, planIndex) => {
    reader.advance(planIndex);
    return doneTurn(reader);
  });
}

const none = { effects: [] } as const;
