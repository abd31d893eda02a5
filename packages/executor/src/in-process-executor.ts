/**
 * One executor in the calling thread with regions of the heap: the adapter of the core's `Executors` port for tests,
 * simulation and browsers, and the twin that every threaded run is compared with.
 */

import { MailRegion, OutcomeReader, OutcomeRegion, TurnRegion } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type {
  PagedImage,
  AgentImage,
  AgentOperation,
  ExecutorFigures,
  InProcessExecutor,
  InProcessExecutorOptions,
  LateDigests,
  PopulationChange,
  TurnExecutor,
  UpgradeOutcome,
} from "./executor-contract.js";
import { mailBytesMaxDefault, regionBytesDefault } from "./limits.js";
import { createTurnExecutor } from "./turn-executor.js";

/** Makes an executor without agents. */
export function createInProcessExecutor(options: InProcessExecutorOptions): InProcessExecutor {
  return new Adapter(options);
}

class Adapter implements InProcessExecutor {
  readonly testing: TurnExecutor["testing"];
  readonly #executor: TurnExecutor;
  readonly #turns: TurnRegion;
  readonly #outcomes: OutcomeRegion;
  readonly #reader: OutcomeReader;
  /** Mail of even and of odd ticks. */
  readonly #even: MailRegion;
  readonly #odd: MailRegion;
  #tick = 0;

  constructor(options: InProcessExecutorOptions) {
    const { regionBytes = regionBytesDefault, mailBytesMax = mailBytesMaxDefault } = options;
    const allocate = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);
    this.#executor = createTurnExecutor(options);
    this.testing = this.#executor.testing;
    this.#turns = new TurnRegion(allocate, regionBytes);
    this.#outcomes = new OutcomeRegion(allocate, regionBytes);
    this.#reader = new OutcomeReader(this.#outcomes.region);
    this.#even = new MailRegion(allocate, regionBytes, mailBytesMax);
    this.#odd = new MailRegion(allocate, regionBytes, mailBytesMax);
  }

  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[] {
    return this.#executor.apply(operations, tick);
  }

  seal(change: PopulationChange): void {
    this.#executor.seal(change);
  }

  mail(tick: number): MailRegion {
    return tick % 2 === 0 ? this.#even : this.#odd;
  }

  beginTick(tick: number, timeNanos: bigint): void {
    this.#tick = tick;
    this.#turns.begin(tick, timeNanos);
  }

  turnsOf(_agent: AgentHandle): TurnRegion {
    return this.#turns;
  }

  execute(): void {
    this.#executor.executeTurns(this.#turns.region, this.mail(this.#tick).region.bytes, this.#outcomes);
    this.#reader.begin();
  }

  executeTurns(turns: TurnRegion["region"], mail: Uint8Array, outcomes: OutcomeRegion): void {
    this.#executor.executeTurns(turns, mail, outcomes);
  }

  outcomesOf(_agent: AgentHandle): OutcomeReader {
    return this.#reader;
  }

  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[] {
    return this.#executor.imageDigests(agents);
  }

  get late(): LateDigests {
    return this.#executor.late;
  }

  describe(agent: AgentHandle): Uint8Array | undefined {
    return this.#executor.describe(agent);
  }

  examine(agent: AgentHandle, name: string): number | null | undefined {
    return this.#executor.examine(agent, name);
  }

  images(): readonly AgentImage[] {
    return this.#executor.images();
  }

  pagedImages(all: boolean): readonly PagedImage[] {
    return this.#executor.pagedImages(all);
  }

  beginImages(all: boolean): number {
    return this.#executor.beginImages(all);
  }

  takeImages(count: number): readonly PagedImage[] {
    return this.#executor.takeImages(count);
  }

  loadImages(images: readonly AgentImage[]): void {
    this.#executor.loadImages(images);
  }

  clear(): void {
    this.#executor.clear();
  }

  figures(): ExecutorFigures {
    return this.#executor.figures();
  }
}
