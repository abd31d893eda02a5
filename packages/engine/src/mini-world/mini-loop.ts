/**
 * Drives a world in the calling thread, tick by tick, without a log: what the engine's tick loop does, with what
 * happened kept in a record. Equal inputs and answers give the chain of a real run.
 */

import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import { World } from "@wasm-engine/core";
import type { Genesis, Input, InputBody, Json, TickResult, WorldContract } from "@wasm-engine/core";
import type { AgentImage } from "@wasm-engine/executor";
import { nodeHasher } from "../crypto/node-crypto.js";
import { openInputSource } from "../inputs/input-source.js";
import type { AdmittedModule } from "../modules/admission.js";
import { StackMap } from "../modules/stack-map.js";
import { singleThread } from "../threads/machine.js";
import type { StartedExecutor } from "../threads/machine.js";
import type { InputSource, InputSourceSpec } from "../world/contract.js";
import { FaultLog } from "../world/fault-log.js";
import { describeAgent } from "../world/world-parts.js";
import { AnswerDesk } from "./answer-desk.js";
import type { Answerers, DeskState } from "./answer-desk.js";
import type { MiniWorldSetup, ScheduledInput } from "./mini-genesis.js";
import { observeTurns } from "../observed/turn-observer.js";
import type { ExecutedTurn } from "../observed/turn-observer.js";
import { WorldRecord } from "../observed/world-record.js";

/** A world between two ticks; nothing in it is changed once it is taken. */
export interface LoopState {
  readonly world: Uint8Array;
  readonly images: readonly AgentImage[];
  readonly record: WorldRecord;
  readonly desk: DeskState;
  readonly admitted: readonly InputBody[];
  readonly seq: number;
  readonly reachedTick: number;
  /** Next record per input source. */
  readonly records: readonly number[];
  /** Scheduled inputs that have entered. */
  readonly scheduledCount: number;
}

export class MiniLoop {
  readonly #started: StartedExecutor;
  readonly #world: WorldContract;
  readonly #desk: AnswerDesk;
  readonly #record: WorldRecord;
  readonly #faults: FaultLog;
  readonly #stacks: StackMap;
  readonly #sources: readonly InputSource[];
  readonly #records: number[];
  /** Turns of the tick that is being executed. */
  #turns: readonly ExecutedTurn[] = [];
  readonly #scheduled: readonly ScheduledInput[];
  #scheduledCount: number;
  #admitted: InputBody[];
  #seq: number;
  #reachedTick: number;

  constructor(setup: MiniWorldSetup, answerers: Answerers, from?: LoopState) {
    const { genesis, inputs, scheduled } = setup;
    this.#scheduled = scheduled;
    this.#scheduledCount = from?.scheduledCount ?? 0;
    this.#stacks = new StackMap(() => [...setup.modules.values()].map(({ bytes }) => bytes));
    this.#faults = new FaultLog(this.#stacks);
    this.#started = singleThread.start({
      genesis,
      modules: instrumentedOf(setup.modules),
      onFaultDetail: (detail) => this.#faults.hear(detail),
    });
    const executors = observeTurns(this.#started.executor, {
      onTurns: (turns) => (this.#turns = turns),
    });
    const ports = { hasher: nodeHasher, executors };
    if (from === undefined) this.#world = World.create(genesis, ports);
    else {
      this.#started.executor.loadImages(from.images);
      this.#world = World.restore(genesis, from.world, ports);
    }
    this.#record = from?.record.copy() ?? new WorldRecord();
    this.#record.names.learn(this.#world);
    this.#desk = new AnswerDesk(answerers, { names: this.#record.names, seed: genesis.seed }, from?.desk);
    this.#admitted = [...(from?.admitted ?? [])];
    this.#seq = from?.seq ?? 0;
    this.#reachedTick = from?.reachedTick ?? -1;
    this.#records = [...(from?.records ?? inputs.map(() => 0))];
    this.#sources = openSources(inputs, genesis, this.#records);
  }

  get world(): WorldContract {
    return this.#world;
  }

  get record(): WorldRecord {
    return this.#record;
  }

  /** Last tick that is over, executed or empty. */
  get reachedTick(): number {
    return this.#reachedTick;
  }

  /** Everything that a copy of this world needs. */
  get state(): LoopState {
    return {
      world: this.#world.exportState(),
      images: this.#started.executor.images(),
      record: this.#record.copy(),
      desk: this.#desk.state,
      admitted: [...this.#admitted],
      seq: this.#seq,
      reachedTick: this.#reachedTick,
      records: [...this.#records],
      scheduledCount: this.#scheduledCount,
    };
  }

  describe(agent: AgentHandle): Json | undefined {
    return describeAgent(this.#started.executor, agent);
  }

  /** An input of the next tick. Returns its sequence. */
  admit(body: InputBody): number {
    this.#admitted.push(body);
    return this.#seq + this.#admitted.length;
  }

  /** The next tick with work; undefined where the world rests until something comes from outside. */
  nextTick(): number | undefined {
    const first = this.#reachedTick + 1;
    if (this.#admitted.length > 0) return first;
    let next = Math.min(this.#world.nextDueTick() ?? Infinity, this.#desk.dueTick(first) ?? Infinity);
    for (const source of this.#sources) next = Math.min(next, Math.max(first, source.peekTick() ?? Infinity));
    next = Math.min(next, Math.max(first, this.#scheduled[this.#scheduledCount]?.tick ?? Infinity));
    return next === Infinity ? undefined : next;
  }

  /** Executes the next tick with work up to `to`; undefined where there is none, and `to` is then reached. */
  async advance(to: number): Promise<TickResult | undefined> {
    for (;;) {
      const tick = this.nextTick();
      if (tick === undefined || tick > to) {
        if (to !== Infinity) this.#reachedTick = Math.max(this.#reachedTick, to);
        return undefined;
      }
      if (!(await this.#desk.settle(tick))) return await this.#execute(tick);
    }
  }

  close(): void {
    for (const source of this.#sources) source.close();
    this.#started.close({ wait: true });
  }

  async #execute(tick: number): Promise<TickResult> {
    const inputs = await this.#inputsOf(tick);
    this.#turns = [];
    const result = this.#world.step(tick, inputs);
    this.#reachedTick = tick;
    const faults = this.#faults.note(tick, result);
    this.#record.note(this.#world, { inputs, turns: this.#turns, result, faults, stacks: this.#stacks });
    this.#desk.note(this.#world, result.requests);
    return result;
  }

  /** In the order of the engine: what came from outside, results of requests, records of files. */
  async #inputsOf(tick: number): Promise<readonly Input[]> {
    const answers = await this.#desk.take(tick);
    const outside = this.#admitted;
    this.#admitted = [];
    const bodies = [...outside, ...answers, ...this.#takeScheduled(tick)];
    const inputs: Input[] = bodies.map((body) => ({ seq: (this.#seq += 1), tick, body }));
    this.#sources.forEach((source, index) => {
      for (const { body, record, key } of source.take(tick)) {
        this.#records[index] = record + 1;
        const seq = (this.#seq += 1);
        inputs.push({ seq, tick, body, source: [index, record], ...(key === undefined ? {} : { key }) });
      }
    });
    return inputs;
  }

  #takeScheduled(tick: number): readonly InputBody[] {
    const rest = this.#scheduled.slice(this.#scheduledCount);
    const due = rest.filter((input) => input.tick <= tick);
    this.#scheduledCount += due.length;
    return due.map(({ body }) => body);
  }
}

function instrumentedOf(modules: ReadonlyMap<ModuleDigest, AdmittedModule>): Map<ModuleDigest, Uint8Array> {
  return new Map([...modules].map(([digest, { instrumented }]) => [digest, instrumented]));
}

function openSources(
  specs: readonly InputSourceSpec[],
  genesis: Genesis,
  records: readonly number[],
): readonly InputSource[] {
  return specs.map((spec, index) => {
    const source = openInputSource(spec, genesis);
    source.seek(records[index] ?? 0);
    return source;
  });
}
