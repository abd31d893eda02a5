/**
 * The machine that executes the agents of one process: decides between this thread alone and several, starts
 * executors, and remembers how often it has.
 */

import { EngineError } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import type { Genesis } from "@wasm-engine/core";
import { createInProcessExecutor } from "@wasm-engine/executor";
import type {
  CallWitness,
  ExecutorOptions,
  FaultDetail,
  GuestModule,
  InProcessExecutor,
} from "@wasm-engine/executor";
import { nodeHasher } from "../crypto/node-crypto.js";
import { samePage } from "./same-page.js";
import type { ThreadFault } from "./thread-faults.js";
import type { ThreadHost } from "./thread-host.js";
import { ThreadedExecutor } from "./threaded-executor.js";
import type { AgentExecutor, ThreadedOptions } from "./threaded-executor.js";
import { coreCount, workerPlan } from "./worker-count.js";
import type { WorkerPlan, Workers } from "./worker-count.js";

type ExecutorReuse = NonNullable<ExecutorOptions["reuse"]>;

export interface MachineOptions {
  readonly workers: Workers;
  /** Starts threads; without one everything runs in the calling thread, whatever `workers` says. */
  readonly host?: ThreadHost;
  readonly fault?: ThreadFault | undefined;
  /** Cores that other threads of this process keep busy: those of models. */
  readonly reservedCores?: number;
  /** World after world is executed here, in this thread: each begins with what is left of the one before. */
  readonly reuse?: ExecutorReuse;
  /** For tests. */
  readonly regions?: Pick<ThreadedOptions, "regionBytes" | "mailBytes" | "mailBytesMax">;
}

export interface ExecutorRequest {
  readonly genesis: Genesis;
  /** Instrumented bytes by digest. */
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly onFaultDetail?: (detail: FaultDetail) => void;
  /** Modules in place of the run's own, and who hears of their calls: a profile. Executed by this thread alone. */
  readonly instrumented?: {
    readonly module: (digest: ModuleDigest) => GuestModule;
    readonly witness: CallWitness;
  };
}

/** An executor, and how it ends. */
export interface StartedExecutor {
  readonly executor: AgentExecutor;
  /** Threads that execute now, the calling one among them. */
  workers(): number;
  /** Ends threads. `wait`: returns when nothing of them is left. Idempotent. */
  close(options: { readonly wait: boolean }): void;
}

/** What executes the agents failed and nothing of the attempt entered the world: it may be tried once more. */
export function isExecutorLoss(error: unknown): error is EngineError {
  return (
    EngineError.is(error) &&
    (error.code === "WE_EXECUTOR_THREAD_LOST" || error.code === "WE_EXECUTOR_HOST_FAILURE")
  );
}

export class Machine {
  readonly #options: MachineOptions;
  #starts = 0;
  #reused: ReusedExecutor | undefined;
  #threadsLost = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get #cores(): number {
    return Math.max(1, coreCount() - (this.#options.reservedCores ?? 0));
  }

  /** Threads lost so far. */
  get threadsLost(): number {
    return this.#threadsLost;
  }

  /** Counts a loss that is going to be made good. */
  noteLoss(error: EngineError): void {
    if (error.code === "WE_EXECUTOR_THREAD_LOST") this.#threadsLost += 1;
    this.#reused = undefined;
  }

  /** An executor without agents. */
  start(request: ExecutorRequest): StartedExecutor {
    const { genesis } = request;
    const { host, workers, reuse } = this.#options;
    if (reuse !== undefined && request.instrumented === undefined) return this.#again(request, reuse);
    const plan = workerPlan(workers, genesis.agents.length, this.#cores);
    if (host === undefined || plan.workers === 1 || request.instrumented !== undefined)
      return inThisThread(request);
    return this.#threaded(request, host, plan);
  }

  /** The executor of the world before, where it is closed and nothing that it has compiled is another module now. */
  #again(request: ExecutorRequest, reuse: ExecutorReuse): StartedExecutor {
    if (this.#reused?.fits(request) !== true) this.#reused = new ReusedExecutor(request, reuse);
    return this.#reused.start(request);
  }

  #threaded(
    { genesis, modules, onFaultDetail }: ExecutorRequest,
    host: ThreadHost,
    plan: WorkerPlan,
  ): StartedExecutor {
    const { fault, regions } = this.#options;
    const executor = new ThreadedExecutor({
      ...plan,
      host,
      modules,
      depthBytes: genesis.depthBytes,
      cores: this.#cores,
      fault,
      life: this.#starts,
      ...regions,
      ...(onFaultDetail === undefined ? {} : { onFaultDetail }),
    });
    this.#starts += 1;
    let isOpen = true;
    const close: StartedExecutor["close"] = (options) => {
      if (isOpen) executor.close(options);
      isOpen = false;
    };
    return { executor, workers: () => executor.workers, close };
  }
}

/** The machine of tests, tools and everything that executes little: this thread. */
export const singleThread: Machine = new Machine({ workers: 1 });

/** One executor for one world after another. */
class ReusedExecutor {
  readonly #executor: InProcessExecutor;
  #request: ExecutorRequest;
  #isOpen = false;

  constructor(request: ExecutorRequest, reuse: ExecutorReuse) {
    this.#request = request;
    this.#executor = createInProcessExecutor({
      modules: (digest) => moduleOf(this.#request, digest),
      sha256: (bytes) => nodeHasher.sha256(bytes),
      samePage,
      depthBytes: request.genesis.depthBytes,
      onFaultDetail: (detail) => this.#request.onFaultDetail?.(detail),
      reuse,
    });
  }

  fits({ genesis, modules }: ExecutorRequest): boolean {
    const { genesis: before, modules: compiled } = this.#request;
    const isSame = (digest: ModuleDigest, bytes: Uint8Array): boolean => {
      const known = compiled.get(digest);
      return known === undefined || equalBytes(known, bytes);
    };
    const isFree = !this.#isOpen && genesis.depthBytes === before.depthBytes;
    return isFree && [...modules].every(([digest, bytes]) => isSame(digest, bytes));
  }

  start(request: ExecutorRequest): StartedExecutor {
    this.#request = { ...request, modules: new Map([...this.#request.modules, ...request.modules]) };
    this.#executor.clear();
    this.#isOpen = true;
    const close = (): void => {
      this.#isOpen = false;
    };
    return { executor: this.#executor, workers: () => 1, close };
  }
}

function moduleOf({ modules }: ExecutorRequest, digest: ModuleDigest): GuestModule | undefined {
  const bytes = modules.get(digest);
  return bytes === undefined ? undefined : { digest, bytes };
}

function inThisThread({ genesis, modules, onFaultDetail, instrumented }: ExecutorRequest): StartedExecutor {
  const executor = createInProcessExecutor({
    modules: (digest) => {
      const bytes = modules.get(digest);
      if (bytes === undefined) return undefined;
      return instrumented === undefined ? { digest, bytes } : instrumented.module(digest);
    },
    sha256: (bytes) => nodeHasher.sha256(bytes),
    samePage,
    depthBytes: genesis.depthBytes,
    ...(onFaultDetail === undefined ? {} : { onFaultDetail }),
    ...(instrumented === undefined ? {} : { witness: instrumented.witness }),
  });
  return { executor, workers: () => 1, close: () => undefined };
}
