/**
 * Takes snapshots of an open run: at once, or from one tick little by little while the world goes on. The second is
 * exactly the state at its tick too: what changes with every tick is encoded when it begins, images are handed out
 * before they change, and it is written once the log and the outputs are durable up to its tick. When it is time for
 * one is not decided here.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { AgentExecutor } from "../threads/threaded-executor.js";
import type { OutputSink } from "./contract.js";
import type { SnapshotReport } from "./control.js";
import type { PassCrashPoint } from "./crash-point.js";
import { snapshotSliceAgentsMin, snapshotSlicesMax } from "./limits.js";
import { hex } from "./report.js";
import type { RunStore } from "./run-store.js";
import { draftImage, encodeHead, encodeHost, encodePages, joinContent } from "./snapshot-content.js";
import type { EncodedWorld } from "./snapshot-content.js";
import type { WorldDraft } from "./snapshot-shelf.js";
import type { TickLoop } from "./tick-loop.js";

export interface TakerParts {
  readonly store: RunStore;
  readonly loop: TickLoop;
  readonly executor: AgentExecutor;
  readonly sinks: readonly OutputSink[];
  readonly pass: PassCrashPoint;
}

/** Everything of a snapshot that is known once the commit of its tick is made. */
interface WorldPart extends EncodedWorld {
  readonly place: Omit<WorldDraft, "world" | "images">;
}

/** What is noted when its tick is over. The tick may still be without commit: then the chain comes later. */
interface NotedWorld extends Pick<EncodedWorld, "host"> {
  readonly place: Omit<WorldDraft, "world" | "images" | "chainHead" | "logRecords">;
  readonly encodeWorld: (chainHead: Uint8Array) => Uint8Array;
}

/** A snapshot that was begun and not handed over. */
interface Underway {
  readonly noted: NotedWorld;
  part: WorldPart | undefined;
  readonly heads: { readonly agent: AgentHandle; readonly encoded: Uint8Array }[];
  readonly sliceAgents: number;
  areImagesTaken: boolean;
}

export class SnapshotTaker {
  readonly #parts: TakerParts;
  #underway: Underway | undefined;

  constructor(parts: TakerParts) {
    this.#parts = parts;
  }

  /** One was begun and is not handed over yet. */
  get isUnderway(): boolean {
    return this.#underway !== undefined;
  }

  /** No snapshot is under way or being written. */
  get canBegin(): boolean {
    return this.#underway === undefined && this.#parts.store.snapshots.canBegin;
  }

  /**
   * Begins a snapshot of this moment. False where the one before is still under way.
   * Its state hash is computed: cheap only at a tick whose commit has one.
   */
  begin(): boolean {
    const { store, executor, pass } = this.#parts;
    const kept = this.#underway === undefined ? store.snapshots.begin() : undefined;
    if (kept === undefined) return false;
    pass("before-snapshot");
    const { loop } = this.#parts;
    // The hash of this very tick may come later; any other is not worth the trouble.
    const isOpen = loop.openTicks === 1 && loop.world.tick % loop.world.genesis.stateHashEvery === 0;
    if (!isOpen) loop.commitAll();
    const noted = this.#noteWorld();
    const part = isOpen ? undefined : this.#worldPart(noted);
    const count = executor.beginImages(kept.all);
    const sliceAgents = Math.max(snapshotSliceAgentsMin, Math.ceil(count / snapshotSlicesMax));
    this.#underway = { noted, part, heads: [], sliceAgents, areImagesTaken: false };
    return true;
  }

  /** Does a little of what was begun. False where nothing can be done now. */
  advance(): boolean {
    const underway = this.#underway;
    if (underway === undefined) return false;
    if (underway.part === undefined && this.#parts.loop.committedTick >= underway.noted.place.tick) {
      underway.part = this.#latePart(underway.noted);
      return true;
    }
    if (!underway.areImagesTaken) {
      this.#take(underway, underway.sliceAgents);
      return true;
    }
    if (this.#parts.loop.releasedTick < underway.noted.place.tick) return false;
    this.#hand(underway);
    return true;
  }

  /** Hands over what was begun. Everything executed must be durable. */
  complete(): void {
    const underway = this.#underway;
    if (underway === undefined) return;
    while (!underway.areImagesTaken) this.#take(underway, Infinity);
    this.#hand(underway);
  }

  /** Returns when what was begun is on the disk or has failed. Everything executed must be durable. */
  finish(): void {
    this.complete();
    this.#parts.store.snapshots.settle();
  }

  /** Takes a snapshot and returns when it is on the disk. Everything executed must be durable. */
  takeNow(): SnapshotReport {
    const { store, loop, executor, sinks, pass } = this.#parts;
    this.complete();
    assert(!loop.unsettled, "a snapshot counts outputs as written");
    // What a snapshot counts as written must be on the disk before the snapshot is.
    for (const sink of sinks) sink.sync();
    const part = this.#worldPart(this.#noteWorld());
    pass("before-snapshot");
    store.snapshots.keep((all) => ({ ...part.place, ...encodePages(part, executor.pagedImages(all)) }));
    pass("after-snapshot");
    return { tick: part.place.tick, stateHash: hex(part.stateHash) };
  }

  /** Gives up what was begun, where the executor may be gone. */
  drop(): void {
    if (this.#underway === undefined) return;
    this.#underway = undefined;
    this.#parts.store.snapshots.drop();
  }

  #noteWorld(): NotedWorld {
    const { loop, sinks } = this.#parts;
    const { world, state } = loop;
    state.sinkPositions = sinks.map((sink) => sink.position);
    const place = {
      tick: world.tick,
      inputSeq: state.lastSeq,
      positions: [
        ...state.sourceRecords.map((position, index) => ({ name: `input ${index}`, position })),
        ...state.sinkPositions.map((position, index) => ({ name: `output ${index}`, position })),
      ],
    };
    return { place, encodeWorld: world.beginExport(), host: encodeHost(state) };
  }

  /** Of the present moment, whose tick is committed. */
  #worldPart({ place, encodeWorld, host }: NotedWorld): WorldPart {
    const { store, loop } = this.#parts;
    const { chainHead } = loop.world;
    const stateHash = loop.world.stateHash();
    const { records: logRecords } = store.log;
    return { place: { ...place, chainHead, logRecords }, stateHash, world: encodeWorld(chainHead), host };
  }

  /** Of the tick that has been committed since. */
  #latePart({ place, encodeWorld, host }: NotedWorld): WorldPart {
    const { hashedSeal } = this.#parts.loop;
    assert(
      hashedSeal?.tick === place.tick,
      "a snapshot looks at the commit of its tick before the next hash",
    );
    const { chainHead, logRecords, stateHash } = hashedSeal;
    return { place: { ...place, chainHead, logRecords }, stateHash, world: encodeWorld(chainHead), host };
  }

  #take(underway: Underway, count: number): void {
    const images = this.#parts.executor.takeImages(count);
    if (images.length === 0) {
      underway.areImagesTaken = true;
      return;
    }
    for (const image of images) underway.heads.push({ agent: image.agent, encoded: encodeHead(image) });
    this.#parts.store.snapshots.add(images.map(draftImage));
  }

  #hand(underway: Underway): void {
    const { store, pass } = this.#parts;
    this.#underway = undefined;
    const part = underway.part ?? this.#latePart(underway.noted);
    const heads = underway.heads.sort((left, right) => left.agent - right.agent);
    const world = joinContent(
      part,
      heads.map(({ encoded }) => encoded),
    );
    const outputs = store.setup.outputs.map(({ path }) => path);
    store.snapshots.hand({ ...part.place, world, images: [] }, outputs);
    pass("after-snapshot");
  }
}
