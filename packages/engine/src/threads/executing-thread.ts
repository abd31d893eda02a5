/**
 * Program of an executing thread: holds the agents that fall to it and does what the orchestrator thread says. What
 * the machine could not bear is reported as a coded error; anything else ends the thread, which is noticed.
 */

import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { EngineError, OutcomeRegion, Region, TurnReader, assert, unreachable } from "@wasm-engine/abi";
import { createTurnExecutor } from "@wasm-engine/executor";
import type { FaultDetail, TurnExecutor } from "@wasm-engine/executor";
import { nodeHasher } from "../crypto/node-crypto.js";
import { samePage } from "./same-page.js";
import { faultsHeardMax } from "../world/limits.js";
import { AdaptiveSpin } from "./adaptive-spin.js";
import { Command, Gate, ThreadState } from "./control-words.js";
import { DigestRegion } from "./digest-region.js";
import { ownedImage, ownedPages } from "./thread-call.js";
import type {
  ExecutingThreadData,
  SharedRegionName,
  ThreadCall,
  ThreadPost,
  ThreadReport,
} from "./thread-call.js";
import { threadFaults } from "./thread-faults.js";
import type { PassThreadFault } from "./thread-faults.js";

class ExecutingThread {
  readonly #port: ExecutingThreadData["port"];
  readonly #gate: Gate;
  readonly #executor: TurnExecutor;
  readonly #turns: Region;
  readonly #digests: Region;
  readonly #mail: readonly [Region, Region];
  readonly #outcomes: OutcomeRegion;
  readonly #pass: PassThreadFault;
  readonly #reader = new TurnReader();
  /** The generation of the outcome region that the orchestrator has. */
  #outcomesKnown = 0;
  #faults: FaultDetail[] = [];
  #call: ThreadCall | undefined;
  /** Late digests were begun and not answered: the command that asks for them may come when they have been. */
  #owesDigests = false;
  /** They are computed between two commands. */
  #isDigesting = false;

  constructor(data: ExecutingThreadData) {
    const { modules, thread } = data;
    this.#port = data.port;
    this.#gate = new Gate(data.control, thread, new AdaptiveSpin(data.spins));
    this.#turns = regionOver(data.turns);
    this.#digests = regionOver(data.digests);
    this.#mail = [regionOver(data.mail[0]), regionOver(data.mail[1])];
    this.#outcomes = outcomesIn(data.outcomes);
    this.#pass = threadFaults(data.fault, thread, data.life);
    this.#executor = createTurnExecutor({
      modules: (digest) => {
        const bytes = modules.get(digest);
        return bytes === undefined ? undefined : { digest, bytes };
      },
      sha256: (bytes) => nodeHasher.sha256(bytes),
      samePage,
      depthBytes: data.depthBytes,
      instancesMax: data.instancesMax,
      onFaultDetail: (detail) => {
        if (this.#faults.length < faultsHeardMax) this.#faults.push(detail);
      },
    });
  }

  /** Never returns: whoever started the thread ends it. */
  run(): never {
    for (;;) {
      while (this.#isDigesting && !this.#gate.isCalled) this.#digestSome();
      const command = this.#gate.await();
      let state: ThreadState = ThreadState.IDLE;
      try {
        this.#pass("before", -1);
        this.#readPosts();
        this.#obey(command);
        this.#pass("after", command === Command.EXECUTE ? this.#reader.tick : -1);
      } catch (error) {
        if (!EngineError.is(error)) throw error;
        this.#send({ kind: "failed", error: error.toRecord() });
        state = ThreadState.FAILED;
      }
      if (this.#faults.length > 0) this.#send({ kind: "faults", faults: this.#faults.splice(0) });
      this.#gate.finish(state);
    }
  }

  /** Between two commands. What fails here fails again in the command that asks for it, which reports it. */
  #digestSome(): void {
    try {
      if (!this.#executor.late.advance(1)) this.#answerLate();
    } catch (error) {
      if (!EngineError.is(error)) throw error;
      this.#isDigesting = false;
    }
  }

  #answerLate(): void {
    if (!this.#owesDigests) return;
    this.#isDigesting = false;
    DigestRegion.answer(this.#digests, this.#executor.late.take());
    this.#owesDigests = false;
    this.#gate.noteDigests();
  }

  #obey(command: Command): void {
    switch (command) {
      case Command.EXECUTE:
        return this.#execute();
      case Command.DIGESTS:
        return DigestRegion.answer(
          this.#digests,
          this.#executor.imageDigests(DigestRegion.questions(this.#digests)),
        );
      case Command.BEGIN_DIGESTS:
        this.#executor.late.begin(DigestRegion.questions(this.#digests));
        this.#owesDigests = true;
        this.#isDigesting = true;
        return;
      case Command.TAKE_DIGESTS:
        return this.#answerLate();
      case Command.CALL: {
        const call = this.#call;
        assert(call !== undefined, "a call is posted before it is started");
        this.#call = undefined;
        return this.#answer(call);
      }
      default:
        return unreachable(command);
    }
  }

  #execute(): void {
    this.#reader.open(this.#turns);
    const mail = this.#mail[this.#gate.argument === 0 ? 0 : 1];
    this.#executor.executeTurns(this.#turns, mail.bytes, this.#outcomes);
    const { generation, buffer } = this.#outcomes.region;
    if (generation === this.#outcomesKnown) return;
    this.#outcomesKnown = generation;
    this.#send({ kind: "outcomes", buffer: shared(buffer) });
  }

  #answer(call: ThreadCall): void {
    switch (call.kind) {
      case "apply":
        return this.#sendValue(this.#executor.apply(call.operations, call.tick));
      case "load":
        return this.#sendValue(this.#executor.loadImages(call.images));
      case "images": {
        const images = this.#executor.images().map(ownedImage);
        const value = { kind: "value", value: images } as const;
        return this.#send(value, images.map(({ memory }) => memory.buffer).filter(isTransferable));
      }
      case "begin-images":
        return this.#sendValue(this.#executor.beginImages(call.all));
      case "take-images": {
        const images = this.#executor.takeImages(call.count).map(ownedPages);
        const value = { kind: "value", value: images } as const;
        return this.#send(value, images.map(({ bytes }) => bytes.buffer).filter(isTransferable));
      }
      case "figures":
        return this.#sendValue(this.#executor.figures());
      case "examine":
        return this.#sendValue(this.#executor.examine(call.agent, call.name));
      case "describe":
        return this.#sendValue(this.#executor.describe(call.agent));
      case "flip":
        return this.#sendValue(this.#executor.testing.flipBit(call.agent, call.byte, call.bit));
      case "none":
        return this.#sendValue(undefined);
      default:
        return unreachable(call);
    }
  }

  #sendValue(value: unknown): void {
    this.#send({ kind: "value", value });
  }

  #send(report: ThreadReport, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(report, [...transfer]);
    this.#gate.noteSent();
  }

  #readPosts(): void {
    for (let unread = this.#gate.takePosts(); unread > 0; unread -= 1) {
      const received = receiveMessageOnPort(this.#port) as { message: ThreadPost } | undefined; // from ThreadPeer
      assert(received !== undefined, "a post that was counted has arrived");
      this.#read(received.message);
    }
  }

  #read(post: ThreadPost): void {
    switch (post.kind) {
      case "call":
        this.#call = post.call;
        return;
      case "operations":
        this.#executor.apply(post.operations, post.tick);
        return;
      case "population":
        return this.#executor.seal(post.change);
      case "grown":
        return this.#regionOf(post.region).adopt(post.buffer);
      default:
        return unreachable(post);
    }
  }

  #regionOf(name: SharedRegionName): Region {
    switch (name) {
      case "turns":
        return this.#turns;
      case "digests":
        return this.#digests;
      case "even mail":
        return this.#mail[0];
      case "odd mail":
        return this.#mail[1];
      default:
        return unreachable(name);
    }
  }
}

/** A region that never grows here: whoever writes it says when it has grown. */
function regionOver(buffer: SharedArrayBuffer): Region {
  return new Region(() => buffer, buffer.byteLength);
}

/** An outcome region that begins in `buffer` and grows here. */
function outcomesIn(buffer: SharedArrayBuffer): OutcomeRegion {
  let first: SharedArrayBuffer | undefined = buffer;
  return new OutcomeRegion((bytes) => {
    const given = first ?? new SharedArrayBuffer(bytes);
    first = undefined;
    return given;
  }, buffer.byteLength);
}

function shared(buffer: ArrayBufferLike): SharedArrayBuffer {
  assert(buffer instanceof SharedArrayBuffer, "regions of threads lie in shared memory");
  return buffer;
}

function isTransferable(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer;
}

new ExecutingThread(workerData as ExecutingThreadData).run(); // set by threaded-executor.ts
