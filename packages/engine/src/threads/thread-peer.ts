/**
 * One executing thread as the orchestrator thread sees it: its regions, its port, what was told to it. Regions that
 * the orchestrator writes are its own to grow; the outcome region grows in the thread and is taken over here.
 */

import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { EngineError, OutcomeReader, Region, TurnRegion, assert, unreachable } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { FaultDetail } from "@wasm-engine/executor";
import { Command, ThreadState } from "./control-words.js";
import type { Barrier } from "./control-words.js";
import { DigestRegion } from "./digest-region.js";
import { executingHeapMb, unreadPostsMax } from "./limits.js";
import type {
  ExecutingThreadData,
  SharedRegionName,
  ThreadCall,
  ThreadPost,
  ThreadReport,
} from "./thread-call.js";
import type { StartedThread, ThreadHost } from "./thread-host.js";
import { executorStackMb } from "../world/limits.js";

const program = new URL("./executing-thread.js", import.meta.url).href;

/** What the threads of one executor have in common. */
export type ThreadCommon = Omit<
  ExecutingThreadData,
  "thread" | "port" | "turns" | "outcomes" | "digests" | "mail"
>;

export interface PeerParts {
  readonly thread: number;
  readonly host: ThreadHost;
  readonly barrier: Barrier;
  readonly common: ThreadCommon;
  readonly regionBytes: number;
  /** By parity of the tick. */
  readonly mail: readonly [Region, Region];
  readonly onFaultDetail: (detail: FaultDetail) => void;
}

/** Bytes that threads share. */
export function allocateShared(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes);
}

function shared(region: Region): SharedArrayBuffer {
  const { buffer } = region;
  assert(buffer instanceof SharedArrayBuffer, "regions of threads lie in shared memory");
  return buffer;
}

export class ThreadPeer {
  readonly turns: TurnRegion;
  readonly digests: DigestRegion;
  readonly reader: OutcomeReader;
  readonly #parts: PeerParts;
  readonly #port: MessagePort;
  readonly #started: StartedThread;
  /** Regions of the orchestrator, and the generations that the thread has. */
  readonly #regions: readonly { readonly name: SharedRegionName; readonly region: Region; known: number }[];
  #received = 0;
  #unread = 0;
  #isRunning = false;
  /** How often late digests were asked for. */
  #digestRounds = 0;
  #value: unknown;
  #failure: EngineError | undefined;

  constructor(parts: PeerParts) {
    const { thread, host, barrier, common, regionBytes, mail } = parts;
    this.#parts = parts;
    this.turns = new TurnRegion(allocateShared, regionBytes);
    this.digests = new DigestRegion(new Region(allocateShared, regionBytes));
    const outcomes = allocateShared(regionBytes);
    this.reader = new OutcomeReader(new Region(() => outcomes, regionBytes));
    this.#regions = [
      { name: "turns" as const, region: this.turns.region, known: 0 },
      { name: "digests" as const, region: this.digests.region, known: 0 },
      { name: "even mail" as const, region: mail[0], known: mail[0].generation },
      { name: "odd mail" as const, region: mail[1], known: mail[1].generation },
    ];
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#started = host.start({
      program,
      data: {
        ...common,
        thread,
        port: port2,
        turns: shared(this.turns.region),
        digests: shared(this.digests.region),
        outcomes,
        mail: [shared(mail[0]), shared(mail[1])],
      },
      resourceLimits: { stackSizeMb: executorStackMb, maxOldGenerationSizeMb: executingHeapMb },
      end: barrier.endSignalOf(thread),
    });
  }

  /** Leaves something for the thread to read when it is next started. */
  post(post: ThreadPost, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(post, [...transfer]);
    this.#parts.barrier.notePost(this.#parts.thread);
    this.#unread += 1;
  }

  /** True where so much is unread that the thread should be made to read it. */
  get isBehind(): boolean {
    return this.#unread > unreadPostsMax;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Makes the thread execute its turns with the mail of `parity`. */
  execute(parity: number): void {
    this.#start(Command.EXECUTE, parity);
  }

  /** Makes the thread answer the questions of its digest region. */
  answerDigests(): void {
    this.digests.close();
    this.#start(Command.DIGESTS, 0);
  }

  /** The same of this moment, while the world goes on. */
  beginDigests(): void {
    this.digests.close();
    this.#digestRounds = (this.#digestRounds + 1) | 0;
    this.#start(Command.BEGIN_DIGESTS, 0);
  }

  /** The thread has answered what {@link beginDigests} asked. */
  get areDigestsReady(): boolean {
    return this.#parts.barrier.digestRoundsOf(this.#parts.thread) === this.#digestRounds;
  }

  /** Makes the thread answer what is left of it. */
  takeDigests(): void {
    this.#start(Command.TAKE_DIGESTS, 0);
  }

  call(call: ThreadCall, transfer: readonly ArrayBuffer[] = []): void {
    this.post({ kind: "call", call }, transfer);
    this.#start(Command.CALL, 0);
  }

  #start(command: Command, argument: number): void {
    assert(!this.#isRunning, "a thread does one command at a time");
    for (const entry of this.#regions) {
      const { name, region } = entry;
      if (region.generation === entry.known) continue;
      entry.known = region.generation;
      this.post({ kind: "grown", region: name, buffer: shared(region) });
    }
    this.#isRunning = true;
    this.#unread = 0;
    this.#parts.barrier.start(this.#parts.thread, command, argument);
  }

  /** The thread has finished: takes over what it says. Returns the error that its command ended with. */
  finish(): EngineError | undefined {
    this.#isRunning = false;
    const { barrier, thread } = this.#parts;
    const sent = barrier.sentBy(thread);
    while (this.#received !== sent) {
      this.#received = (this.#received + 1) | 0;
      this.#read();
    }
    this.reader.begin();
    if (barrier.stateOf(thread) !== ThreadState.FAILED) return undefined;
    assert(this.#failure !== undefined, "a thread that fails says why");
    return this.#failure;
  }

  #read(): void {
    const received = receiveMessageOnPort(this.#port) as { message: ThreadReport } | undefined; // executing-thread.ts
    assert(received !== undefined, "a report that was counted has arrived");
    const report = received.message;
    switch (report.kind) {
      case "value":
        this.#value = report.value;
        return;
      case "failed":
        this.#failure = EngineError.fromRecord(report.error);
        return;
      case "faults":
        for (const detail of report.faults) this.#parts.onFaultDetail(detail);
        return;
      case "outcomes":
        return this.reader.region.adopt(report.buffer);
      default:
        return unreachable(report);
    }
  }

  /** The value of the last call. */
  takeValue(): unknown {
    const value = this.#value;
    this.#value = undefined;
    return value;
  }

  /** The thread has loaded its program and sleeps until it is needed. */
  get isReady(): boolean {
    return this.#parts.barrier.stateOf(this.#parts.thread) !== ThreadState.STARTING;
  }

  get hasEnded(): boolean {
    return this.#parts.barrier.stateOf(this.#parts.thread) === ThreadState.ENDED;
  }

  /** Why the thread ended. */
  get cause(): string {
    return this.#started.cause;
  }

  get thread(): number {
    return this.#parts.thread;
  }

  kill(): void {
    this.#port.close();
    this.#started.kill();
  }
}

/** Agents belong to threads by their handle: placement shows in no result, so any rule will do. */
export function threadOf(agent: AgentHandle, workers: number): number {
  return (agent >>> 0) % workers;
}
