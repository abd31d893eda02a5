/**
 * The adapter of the core's `Executors` port over threads and shared memory. The orchestrator thread is thread 0: it
 * executes its share between the start and the barrier. Agents stay where they are placed; turns, mail and outcomes
 * pass through regions; everything rare passes over ports. Losing a thread loses its agents: whoever owns the world
 * makes a new executor and restores it.
 */

import { EngineError, MailRegion, OutcomeReader, OutcomeRegion, TurnRegion, assert } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { Executors, PopulationChange } from "@wasm-engine/core";
import { createTurnExecutor, executorLimits } from "@wasm-engine/executor";
import type {
  AgentImage,
  AgentOperation,
  ExecutorFigures,
  FaultDetail,
  InProcessExecutor,
  PagedImage,
  TurnExecutor,
  UpgradeOutcome,
} from "@wasm-engine/executor";
import { nodeHasher } from "../crypto/node-crypto.js";
import { samePage } from "./same-page.js";
import { AdaptiveSpin } from "./adaptive-spin.js";
import { Barrier, allocateWords } from "./control-words.js";
import { fail } from "./errors.js";
import { GrowthWatch } from "./growth-watch.js";
import {
  growthAgentsMax,
  placementSlack,
  mailBytesDefault,
  mailBytesMaxDefault,
  regionBytesDefault,
  threadEndWaitMs,
} from "./limits.js";
import { ownedImage, ownedOperations } from "./thread-call.js";
import { ThreadedDigests } from "./threaded-digests.js";
import type { ThreadCall, ThreadPost, ThreadValues } from "./thread-call.js";
import type { ThreadFault } from "./thread-faults.js";
import type { ThreadHost } from "./thread-host.js";
import { ThreadPeer, allocateShared, threadOf } from "./thread-peer.js";
import type { ThreadCommon } from "./thread-peer.js";

/** What a world's machine offers besides the port of the core. */
export type AgentExecutor = Executors &
  Pick<
    InProcessExecutor,
    | "describe"
    | "examine"
    | "images"
    | "pagedImages"
    | "beginImages"
    | "takeImages"
    | "loadImages"
    | "figures"
    | "testing"
  >;

export interface ThreadedOptions {
  /** Executing threads, the calling one among them; at least 2. */
  readonly workers: number;
  /** The calling thread executes alone until it has seen that others would pay. */
  readonly startsAlone?: boolean;
  /** How it sees that; for tests. */
  readonly watch?: Pick<GrowthWatch, "note">;
  readonly host: ThreadHost;
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly depthBytes: number;
  readonly onFaultDetail?: (detail: FaultDetail) => void;
  /** Cores of the machine: with more threads nobody spins. */
  readonly cores: number;
  readonly fault?: ThreadFault | undefined;
  /** How often threads were started in this process before. */
  readonly life?: number;
  /** Bytes that regions start with; for tests. */
  readonly regionBytes?: number;
  readonly mailBytes?: number;
  readonly mailBytesMax?: number;
}

interface Growth {
  readonly watch: Pick<GrowthWatch, "note">;
  /** Everybody who lives: what threads must know before they get agents. */
  readonly population: Map<AgentId, AgentHandle>;
  /** Several threads should execute. */
  isWanted: boolean;
}

export class ThreadedExecutor implements AgentExecutor {
  readonly #options: ThreadedOptions;
  readonly #local: TurnExecutor;
  readonly #localTurns: TurnRegion;
  readonly #localOutcomes: OutcomeRegion;
  readonly #localReader: OutcomeReader;
  readonly #mail: readonly [MailRegion, MailRegion];
  readonly #barrier: Barrier;
  readonly #common: ThreadCommon;
  /** Threads that have agents: thread n at index n - 1. */
  #peers: readonly ThreadPeer[] = [];
  /** Threads that were started and have no agents. */
  #idlePeers: readonly ThreadPeer[] = [];
  /** Where agents may move between threads while the world runs. */
  readonly #growth: Growth | undefined;
  /** Images were begun and not all taken: they lie where their agents were, so nobody moves. */
  #isOwing = false;
  #tick = -1;
  readonly late: ThreadedDigests;

  readonly testing = {
    flipBit: (agent: AgentHandle, byteOffset: number, bit: number): void => {
      const peer = this.#peerOf(agent);
      if (peer === undefined) return this.#local.testing.flipBit(agent, byteOffset, bit);
      this.#ask(peer, { kind: "flip", agent, byte: byteOffset, bit });
    },
  };

  constructor(options: ThreadedOptions) {
    const { workers, modules, depthBytes } = options;
    assert(workers >= 2, "one thread needs no shared memory");
    const { regionBytes = regionBytesDefault, mailBytes = mailBytesDefault } = options;
    const { mailBytesMax = mailBytesMaxDefault, onFaultDetail = () => undefined } = options;
    const instancesMax = Math.ceil((executorLimits.instancesMaxDefault / workers) * placementSlack);
    const spins = workers <= options.cores;
    this.#options = options;
    this.#local = createTurnExecutor({
      modules: (digest) => {
        const bytes = modules.get(digest);
        return bytes === undefined ? undefined : { digest, bytes };
      },
      sha256: (bytes) => nodeHasher.sha256(bytes),
      samePage,
      depthBytes,
      instancesMax,
      onFaultDetail,
    });
    this.#localTurns = new TurnRegion((bytes) => new ArrayBuffer(bytes), regionBytes);
    this.#localOutcomes = new OutcomeRegion((bytes) => new ArrayBuffer(bytes), regionBytes);
    this.#localReader = new OutcomeReader(this.#localOutcomes.region);
    const mailRegion = (): MailRegion => new MailRegion(allocateShared, mailBytes, mailBytesMax);
    this.#mail = [mailRegion(), mailRegion()];
    const control = allocateWords(workers - 1);
    const barrier = new Barrier(control, new AdaptiveSpin(spins));
    this.#barrier = barrier;
    this.late = new ThreadedDigests({
      local: this.#local,
      peers: () => this.#peers,
      join: (share) => {
        this.#join(share);
      },
    });
    const life = options.life ?? 0;
    this.#common = { control, modules, depthBytes, instancesMax, spins, fault: options.fault, life };
    const watch = options.watch ?? new GrowthWatch();
    if (options.startsAlone === true) this.#growth = { watch, population: new Map(), isWanted: false };
    else this.#peers = this.#startPeers();
  }

  /** Threads that execute now, the calling one among them. */
  get workers(): number {
    return this.#peers.length + 1;
  }

  /** Threads were started that have not loaded their program yet: agents move when all have. */
  get isStarting(): boolean {
    return !this.#idlePeers.every((peer) => peer.isReady);
  }

  #startPeers(): readonly ThreadPeer[] {
    const {
      workers,
      host,
      regionBytes = regionBytesDefault,
      onFaultDetail = () => undefined,
    } = this.#options;
    const mail = [this.#mail[0].region, this.#mail[1].region] as const;
    const parts = { host, barrier: this.#barrier, common: this.#common, regionBytes, mail, onFaultDetail };
    return Array.from({ length: workers - 1 }, (_, index) => new ThreadPeer({ thread: index + 1, ...parts }));
  }

  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[] {
    if (operations.length === 0) return [];
    const shares = this.#shares(operations, ({ agent }) => agent);
    for (const peer of this.#peers) {
      const share = shares[peer.thread] ?? [];
      if (share.length === 0) continue;
      const owned = ownedOperations(share);
      // Only upgrades are answered: all others are done when the thread is next started.
      const isAnswered = share.some(({ kind }) => kind === "upgrade");
      if (isAnswered) peer.call({ kind: "apply", operations: owned, tick });
      else this.#post(peer, { kind: "operations", operations: owned, tick });
    }
    const outcomes = new Map<AgentHandle, UpgradeOutcome[]>();
    const keep = (values: readonly UpgradeOutcome[]): void => {
      for (const value of values) outcomes.set(value.agent, [...(outcomes.get(value.agent) ?? []), value]);
    };
    this.#join(() => keep(this.#local.apply(shares[0] ?? [], tick)));
    for (const answer of this.#values("apply")) keep(answer);
    return operations.flatMap(({ kind, agent }) => {
      const outcome = kind === "upgrade" ? outcomes.get(agent)?.shift() : undefined;
      return outcome === undefined ? [] : [outcome];
    });
  }

  seal(change: PopulationChange): void {
    this.#local.seal(change);
    const { population } = this.#growth ?? {};
    for (const id of change.removed) population?.delete(id);
    for (const [id, agent] of change.added) population?.set(id, agent);
    for (const peer of this.#peers) this.#post(peer, { kind: "population", change });
  }

  mail(tick: number): MailRegion {
    return this.#mail[tick & 1 ? 1 : 0];
  }

  beginTick(tick: number, timeNanos: bigint): void {
    this.#tick = tick;
    if (this.#growth !== undefined && this.#growth.isWanted !== this.#peers.length > 0)
      this.#move(this.#growth);
    this.#localTurns.begin(tick, timeNanos);
    for (const peer of this.#peers) peer.turns.begin(tick, timeNanos);
  }

  turnsOf(agent: AgentHandle): TurnRegion {
    return this.#peerOf(agent)?.turns ?? this.#localTurns;
  }

  execute(): void {
    const growth = this.#growth;
    if (growth === undefined) return this.#execute();
    const startMs = performance.now();
    this.#execute();
    const turns = this.#peers.reduce((sum, peer) => sum + peer.turns.turnCount, this.#localTurns.turnCount);
    growth.isWanted = growth.watch.note(turns, performance.now() - startMs, this.#peers.length > 0);
  }

  #execute(): void {
    const parity = this.#tick & 1;
    for (const peer of this.#peers) if (peer.turns.turnCount > 0) peer.execute(parity);
    this.#join(() => {
      if (this.#localTurns.turnCount === 0) return;
      this.#local.executeTurns(
        this.#localTurns.region,
        this.mail(this.#tick).region.bytes,
        this.#localOutcomes,
      );
    });
    this.#localReader.begin();
  }

  /**
   * Moves agents to threads that have come, or back, between two ticks: what a snapshot and its restoring would do.
   * Threads that are not needed sleep.
   */
  #move({ isWanted, population }: Growth): void {
    if (population.size > growthAgentsMax || this.#isOwing || this.late.isOpen) return;
    if (!isWanted) {
      const images = this.images();
      const peers = this.#peers;
      this.#peers = [];
      this.#idlePeers = peers;
      const home = images.filter(({ agent }) => threadOf(agent, peers.length + 1) !== 0);
      this.#local.loadImages(home);
      for (const peer of peers) {
        const moved = home.filter(({ agent }) => threadOf(agent, peers.length + 1) === peer.thread);
        peer.post({ kind: "operations", operations: moved.map(dropOf), tick: this.#tick });
        peer.post({ kind: "population", change: { added: [], removed: [...population.keys()] } });
      }
      return;
    }
    if (this.#idlePeers.length === 0) this.#idlePeers = this.#startPeers();
    if (this.isStarting) return;
    const images = this.#local.images();
    this.#peers = this.#idlePeers;
    this.#idlePeers = [];
    for (const peer of this.#peers)
      peer.post({ kind: "population", change: { added: [...population], removed: [] } });
    const away = images.filter(({ agent }) => this.#peerOf(agent) !== undefined);
    this.loadImages(away);
    this.#local.apply(away.map(dropOf), this.#tick);
  }

  outcomesOf(agent: AgentHandle): OutcomeReader {
    return this.#peerOf(agent)?.reader ?? this.#localReader;
  }

  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[] {
    return this.late.now(agents);
  }

  describe(agent: AgentHandle): Uint8Array | undefined {
    const peer = this.#peerOf(agent);
    return peer === undefined ? this.#local.describe(agent) : this.#ask(peer, { kind: "describe", agent });
  }

  examine(agent: AgentHandle, name: string): number | null | undefined {
    const peer = this.#peerOf(agent);
    return peer === undefined
      ? this.#local.examine(agent, name)
      : this.#ask(peer, { kind: "examine", agent, name });
  }

  images(): readonly AgentImage[] {
    for (const peer of this.#peers) peer.call({ kind: "images" });
    const all: (readonly AgentImage[])[] = [];
    this.#join(() => void all.push(this.#local.images()));
    all.push(...this.#values("images"));
    return all.flat().sort((left, right) => left.agent - right.agent);
  }

  pagedImages(all: boolean): readonly PagedImage[] {
    this.beginImages(all);
    const images = [...this.takeImages(Infinity)].sort((left, right) => left.agent - right.agent);
    this.#isOwing = false;
    return images;
  }

  beginImages(all: boolean): number {
    this.#isOwing = true;
    for (const peer of this.#peers) peer.call({ kind: "begin-images", all });
    let count = 0;
    this.#join(() => void (count = this.#local.beginImages(all)));
    return this.#values("begin-images").reduce((sum, peerCount) => sum + peerCount, count);
  }

  /** All threads take their share at the same time. */
  takeImages(count: number): readonly PagedImage[] {
    const share = Math.ceil(count / this.workers);
    for (const peer of this.#peers) peer.call({ kind: "take-images", count: share });
    const images: (readonly PagedImage[])[] = [];
    this.#join(() => void images.push(this.#local.takeImages(share)));
    images.push(...this.#values("take-images"));
    const taken = images.flat();
    this.#isOwing = taken.length > 0;
    return taken;
  }

  loadImages(images: readonly AgentImage[]): void {
    const shares = this.#shares(images, ({ agent }) => agent);
    for (const peer of this.#peers) {
      const share = shares[peer.thread] ?? [];
      if (share.length > 0) peer.call({ kind: "load", images: share.map(ownedImage) });
    }
    this.#join(() => this.#local.loadImages(shares[0] ?? []));
  }

  figures(): ExecutorFigures {
    for (const peer of this.#peers) peer.call({ kind: "figures" });
    const all: ExecutorFigures[] = [];
    this.#join(() => void all.push(this.#local.figures()));
    all.push(...this.#values("figures"));
    const sum = (of: (figures: ExecutorFigures) => number): number =>
      all.reduce((total, figures) => total + of(figures), 0);
    return {
      agents: sum(({ agents }) => agents),
      instances: sum(({ instances }) => instances),
      instantiations: sum(({ instantiations }) => instantiations),
      renewals: sum(({ renewals }) => renewals),
      reconstructions: sum(({ reconstructions }) => reconstructions),
    };
  }

  /** Ends the threads. `wait`: returns when nothing of them is left, or they take too long to end. */
  close({ wait }: { readonly wait: boolean }): void {
    const peers = [...this.#peers, ...this.#idlePeers];
    for (const peer of peers) peer.kill();
    if (wait) this.#barrier.awaitEnds(peers.length, threadEndWaitMs);
  }

  #peerOf(agent: AgentHandle): ThreadPeer | undefined {
    return this.#peers[threadOf(agent, this.workers) - 1];
  }

  /** What falls to each thread, in order. */
  #shares<Item>(items: readonly Item[], agentOf: (item: Item) => AgentHandle): Item[][] {
    const shares = Array.from({ length: this.workers }, (): Item[] => []);
    for (const item of items) shares[threadOf(agentOf(item), this.workers)]?.push(item);
    return shares;
  }

  /** Leaves a message; a thread that has nothing to do reads what has piled up. */
  #post(peer: ThreadPeer, post: ThreadPost): void {
    if (peer.isBehind && !peer.isRunning) {
      peer.call({ kind: "none" });
      this.#join(() => undefined);
    }
    peer.post(post);
  }

  /** One call of one thread. */
  #ask<Kind extends ThreadCall["kind"]>(
    peer: ThreadPeer,
    call: Extract<ThreadCall, { kind: Kind }>,
  ): ThreadValues[Kind] {
    peer.call(call);
    this.#join(() => undefined);
    return peer.takeValue() as ThreadValues[Kind]; // the kind of the call decides
  }

  /** Values of the calls of one kind that the last join waited for, by thread. */
  #values<Kind extends ThreadCall["kind"]>(_kind: Kind): readonly ThreadValues[Kind][] {
    const values = this.#peers.map((peer) => peer.takeValue());
    return values.filter((value) => value !== undefined) as ThreadValues[Kind][]; // the kind of the call decides
  }

  /**
   * Does the share of this thread and waits for all that were started.
   * @throws {WE_EXECUTOR_THREAD_LOST} and what any share threw
   */
  #join(share: () => void): void {
    const failures: EngineError[] = [];
    try {
      share();
    } catch (error) {
      // What is no operating error ends the world: then nobody waits for the others.
      if (!EngineError.is(error)) throw error;
      failures.push(error);
    }
    if (!this.#barrier.await()) throw this.#lost();
    for (const peer of this.#peers) {
      const failure = peer.isRunning ? peer.finish() : undefined;
      if (failure !== undefined) failures.push(failure);
    }
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  #lost(): EngineError {
    const ended = [...this.#peers, ...this.#idlePeers].find((peer) => peer.hasEnded);
    assert(ended !== undefined, "a barrier breaks where a thread has ended");
    const { thread, cause } = ended;
    return fail("WE_EXECUTOR_THREAD_LOST", {
      thread,
      workers: this.#options.workers,
      tick: this.#tick,
      cause,
    });
  }
}

function dropOf({ agent }: AgentImage): AgentOperation {
  return { kind: "drop", agent };
}
