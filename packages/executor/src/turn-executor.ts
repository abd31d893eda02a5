/**
 * The executor that runs agents in the calling thread: the inside of executing threads and, with regions of the
 * heap around it, of the in-process adapter. It holds the agents; how turns run, how slots are kept and how state
 * moves is in the parts it connects.
 */

import { assert, limits, unreachable } from "@wasm-engine/abi";
import type { AgentHandle, ModuleDigest, OutcomeRegion, Region } from "@wasm-engine/abi";
import { AgentIndex } from "./agent-index.js";
import { emptyLedgerMark } from "./agent-ledger.js";
import { BaseImage } from "./base-image.js";
import { fail } from "./errors.js";
import type {
  AgentImage,
  AgentLimits,
  AgentOperation,
  ExecutorFigures,
  ExecutorOptions,
  PagedImage,
  PopulationChange,
  TurnExecutor,
  UpgradeOutcome,
} from "./executor-contract.js";
import { HostContext } from "./host-context.js";
import { hostImports } from "./host-functions.js";
import {
  idleSlotsMax,
  instancesMaxDefault,
  journalBytesMaxDefault,
  journalFuelMaxDefault,
} from "./limits.js";
import { LoadedModule } from "./loaded-module.js";
import { OwedDigests } from "./owed-digests.js";
import { OwedImages } from "./owed-images.js";
import { ResidentAgent } from "./resident-agent.js";
import type { TurnMark } from "./resident-agent.js";
import { SlotKeeper } from "./slot-keeper.js";
import { StateTransfer } from "./state-transfer.js";
import { HostFailure, asHostFailure } from "./trap.js";
import { TurnRunner } from "./turn-runner.js";
import type { WasmImports } from "./webassembly.js";

/** No agent: before the first turn of a plan. */
const NOBODY = 0 as AgentHandle; // handles are above 0

/** Where something happens, for coded errors; -1 where no tick runs. */
interface Place {
  readonly agent: AgentHandle;
  readonly tick: number;
}

/** Makes an executor without agents. */
export function createTurnExecutor(options: ExecutorOptions): TurnExecutor {
  return new Executor(options);
}

class Executor implements TurnExecutor {
  readonly #options: ExecutorOptions;
  readonly #host: HostContext;
  readonly #imports: WasmImports;
  readonly #keeper: SlotKeeper;
  readonly #runner: TurnRunner;
  readonly #transfer: StateTransfer;
  readonly #modules = new Map<ModuleDigest, LoadedModule>();
  #agents = new AgentIndex();
  /** Where the turns of the running call of executeTurns began; `#begun` of them count. */
  readonly #marks: TurnMark[] = [];
  #begun = 0;
  /** Limits by content: most agents have the same. */
  readonly #limits = new Map<string, AgentLimits>();
  #planIndex = 0;
  readonly #owed: OwedImages;
  readonly late: OwedDigests;
  /** Bases of images that may be loaded again, as they were loaded. Never changed: agents have forks of them. */
  readonly #loadedBases = new WeakMap<AgentImage, BaseImage>();

  readonly testing = {
    flipBit: (agent: AgentHandle, byteOffset: number, bit: number): void => {
      this.#flipBit(this.#agent(agent), byteOffset, bit);
    },
  };

  constructor(options: ExecutorOptions) {
    const host = new HostContext(options.sha256);
    const depthBytes = options.depthBytes ?? limits.depthBytes;
    this.#options = options;
    this.#host = host;
    this.#imports = hostImports(host);
    this.#keeper = new SlotKeeper(host, {
      depthBytes,
      journalBytesMax: options.journalBytesMax ?? journalBytesMaxDefault,
      journalFuelMax: options.journalFuelMax ?? journalFuelMaxDefault,
      instancesMax: options.instancesMax ?? instancesMaxDefault,
    });
    const keeper = this.#keeper;
    const { onFaultDetail, witness } = options;
    this.#runner = new TurnRunner({ host, keeper, depthBytes, onFaultDetail, witness });
    this.#transfer = new StateTransfer({ host, keeper, depthBytes, onFaultDetail, witness });
    const settle = (agent: ResidentAgent): void => {
      this.#settle(agent);
    };
    const keep = (agent: ResidentAgent): void => {
      this.#keep(agent);
    };
    const putAway = (agent: ResidentAgent): void => {
      keeper.putAway(agent);
    };
    this.late = new OwedDigests({ agentOf: (handle) => this.#agent(handle), settle, keep, putAway });
    keeper.beforeRenewal = ({ owed }) => {
      if (owed?.isTakenOver === true) this.late.compute(owed);
    };
    this.#owed = new OwedImages({ headOf: (agent) => this.#keptHead(agent), putAway });
  }

  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[] {
    const upgrades: UpgradeOutcome[] = [];
    for (const operation of operations) {
      this.#guard({ agent: operation.agent, tick }, () => {
        const upgrade = this.#applyOne(operation, tick);
        if (upgrade !== undefined) upgrades.push(upgrade);
      });
    }
    return upgrades;
  }

  seal(change: PopulationChange): void {
    this.#host.seal(change);
  }

  executeTurns(turns: Region, mail: Uint8Array, outcomes: OutcomeRegion): void {
    const runner = this.#runner;
    let last: ResidentAgent | undefined;
    this.#planIndex += 1;
    this.#begun = 0;
    try {
      runner.open(turns, mail, outcomes);
      while (runner.next()) {
        last = this.#agent(runner.agent);
        this.#begin(last);
        runner.run(last);
      }
    } catch (error) {
      const place = { agent: last?.agent ?? NOBODY, tick: runner.tick };
      throw this.#failure(error, place, () => {
        for (const mark of this.#marks.slice(0, this.#begun)) {
          this.#keeper.discard(mark.agent);
          mark.agent.rewind(mark);
        }
      });
    }
  }

  /** Notes where the agent's turn begins. */
  #begin(agent: ResidentAgent): void {
    assert(agent.planIndex !== this.#planIndex, "an agent has one turn in a plan");
    if (agent.owed !== undefined) this.late.takeOver(agent.owed);
    if (agent.owedImage !== undefined) this.#owed.takeOver(agent.owedImage);
    this.#keeper.settleIfDue(agent);
    agent.planIndex = this.#planIndex;
    const mark = this.#marks[this.#begun];
    if (mark === undefined) this.#marks.push(markOf(agent));
    else agent.mark(mark);
    this.#begun += 1;
  }

  /** The same object for the same limits. */
  #shared(own: AgentLimits): AgentLimits {
    const key = JSON.stringify(own);
    const known = this.#limits.get(key);
    if (known === undefined) this.#limits.set(key, own);
    return known ?? own;
  }

  /** What is owed of the agent is made now: it is about to become another one. */
  #payUp(agent: ResidentAgent | undefined): void {
    if (agent?.owed !== undefined) this.late.compute(agent.owed);
    if (agent?.owedImage !== undefined) this.#owed.takeOver(agent.owedImage);
    if (agent !== undefined) this.#keeper.putAway(agent);
  }

  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[] {
    return agents.map((handle) => {
      const agent = this.#agent(handle);
      if (agent.digest === undefined) {
        this.#settle(agent);
        agent.digest = agent.base.digest();
      }
      return agent.digest;
    });
  }

  describe(handle: AgentHandle): Uint8Array | undefined {
    const agent = this.#agent(handle);
    return this.#guard({ agent: handle, tick: -1 }, () => this.#transfer.describe(agent));
  }

  examine(handle: AgentHandle, name: string): number | null | undefined {
    const agent = this.#agent(handle);
    return this.#guard({ agent: handle, tick: -1 }, () => this.#transfer.examine(agent, name));
  }

  images(): readonly AgentImage[] {
    return this.#agents.sorted().map((agent) => {
      return { ...this.#imageOf(agent), memory: agent.base.memory() };
    });
  }

  pagedImages(all: boolean): readonly PagedImage[] {
    this.beginImages(all);
    return this.takeImages(Infinity);
  }

  beginImages(all: boolean): number {
    const agents = this.#agents.sorted();
    this.#owed.begin(agents, all);
    return agents.length;
  }

  takeImages(count: number): readonly PagedImage[] {
    return this.#owed.take(count);
  }

  /** Everything of an image but its memory; the base is brought up to date. */
  #imageOf(agent: ResidentAgent): Omit<AgentImage, "memory"> {
    this.#settle(agent);
    return this.#headOf(agent);
  }

  /** The same where the image may also be kept as a copy. */
  #keptHead(agent: ResidentAgent): Omit<AgentImage, "memory"> {
    this.#keep(agent);
    return this.#headOf(agent);
  }

  #headOf(agent: ResidentAgent): Omit<AgentImage, "memory"> {
    const { journal } = agent;
    const { ledger, state, initialised } = agent.kept ?? agent.base;
    const image: Omit<AgentImage, "memory"> = {
      agent: agent.agent,
      id: agent.id,
      module: agent.module.digest,
      limits: agent.limits,
      streamSeed: agent.streamSeed,
      ledger,
      state,
      initialised,
    };
    return agent.pendingFrom === undefined ? image : { ...image, pending: journal.entries() };
  }

  loadImages(images: readonly AgentImage[]): void {
    for (const image of images) {
      this.#guard({ agent: image.agent, tick: -1 }, () => {
        this.#load(image);
      });
    }
  }

  clear(): void {
    this.#owed.begin([], false);
    this.late.clear();
    for (const agent of this.#agents.sorted()) {
      this.#keeper.putAway(agent);
      this.#keeper.release(agent);
    }
    this.#agents = new AgentIndex();
    this.#host.forgetPopulation();
  }

  figures(): ExecutorFigures {
    const modules = [...this.#modules.values()];
    return {
      agents: this.#agents.size,
      instances: this.#keeper.holders,
      instantiations: modules.reduce((sum, module) => sum + module.instantiations, 0),
      renewals: this.#keeper.renewals,
      reconstructions: this.#keeper.reconstructions,
    };
  }

  #applyOne(operation: AgentOperation, tick: number): UpgradeOutcome | undefined {
    this.#payUp(this.#agents.get(operation.agent));
    switch (operation.kind) {
      case "create":
        this.#create(operation);
        return undefined;
      case "reset": {
        const agent = this.#agent(operation.agent);
        this.#keeper.release(agent);
        agent.replaceBase(freshBase(agent.module, agent.ledger.plain(), agent.isOversized, this.#options));
        return undefined;
      }
      case "upgrade": {
        const agent = this.#agent(operation.agent);
        return this.#transfer.upgrade(agent, this.#module(operation.module), tick);
      }
      case "drop": {
        const agent = this.#agent(operation.agent);
        this.#keeper.release(agent);
        this.#agents.delete(operation.agent);
        agent.retire();
        return undefined;
      }
      case "land": {
        const agent = this.#agent(operation.agent);
        agent.pendingFrom = undefined;
        agent.digest = undefined;
        return undefined;
      }
      default:
        return unreachable(operation);
    }
  }

  #create(operation: Extract<AgentOperation, { kind: "create" }>): void {
    const known = this.#agents.get(operation.agent);
    if (known !== undefined) {
      assert(known.loaded, "an agent is created once");
      assert(known.module.digest === operation.module, "a loaded image has the module of its agent");
      known.loaded = false;
      known.limits = this.#shared(operation.limits);
      return;
    }
    const module = this.#module(operation.module);
    const oversized = module.initial.memoryBytes > operation.limits.memoryBytes;
    const base = freshBase(module, operation.ledger, oversized, this.#options);
    const identity = { ...operation, limits: this.#shared(operation.limits) };
    this.#agents.add(new ResidentAgent(identity, module, base));
  }

  /** @throws {WE_EXECUTOR_IMAGE} */
  #load(image: AgentImage): void {
    assert(!this.#agents.has(image.agent), "an agent is loaded once");
    const module = this.#module(image.module);
    const base = this.#baseOf(image, module);
    const agent = new ResidentAgent({ ...image, limits: this.#shared(image.limits) }, module, base);
    agent.loaded = true;
    this.#agents.add(agent);
    if (image.pending === undefined) return;
    for (const entry of image.pending) agent.journal.appendEntry(entry);
    agent.pendingFrom = 0;
    const landed = this.#keeper.executePending(agent);
    agent.ledger.restore(landed.ledger);
    agent.initialised = landed.initialised;
  }

  /** @throws {WE_EXECUTOR_IMAGE} */
  #baseOf(image: AgentImage, module: LoadedModule): BaseImage {
    const known = this.#loadedBases.get(image);
    const point = { ledger: image.ledger, initialised: image.initialised };
    if (known !== undefined) return known.fork(point);
    const refuse = (reason: string): Error => fail("WE_EXECUTOR_IMAGE", { agent: image.agent, reason });
    const oversized = module.initial.memoryBytes > image.limits.memoryBytes;
    const base = freshBase(module, image.ledger, oversized, this.#options);
    if (oversized) return base;
    const isSize =
      image.memory.length % limits.wasmPageBytes === 0 && image.memory.length >= base.memoryBytes;
    if (!isSize) throw refuse(`memory has ${image.memory.length} bytes`);
    if (image.state.length !== module.stateBytes) throw refuse(`state has ${image.state.length} bytes`);
    base.captureBytes(image.memory, image.state, point);
    if (image.isKept === true) base.noteGiven();
    if (this.#options.reuse !== "images") return base;
    this.#loadedBases.set(image, base);
    return base.fork(point);
  }

  #settle(agent: ResidentAgent): void {
    this.#guard({ agent: agent.agent, tick: -1 }, () => {
      this.#keeper.settle(agent);
    });
  }

  #keep(agent: ResidentAgent): void {
    this.#guard({ agent: agent.agent, tick: -1 }, () => {
      this.#keeper.keep(agent);
    });
  }

  #flipBit(agent: ResidentAgent, byteOffset: number, bit: number): void {
    this.#payUp(agent);
    this.#settle(agent);
    this.#keeper.release(agent);
    agent.base.flipBit(byteOffset, bit);
    agent.digest = undefined;
  }

  #agent(handle: AgentHandle): ResidentAgent {
    const agent = this.#agents.get(handle);
    // Asked for every turn: the text is made only where it is needed.
    if (agent === undefined) assert(false, `agent ${handle} is known to the executor`);
    return agent;
  }

  /** @throws {WE_EXECUTOR_MODULE_UNKNOWN} */
  #module(digest: ModuleDigest): LoadedModule {
    const known = this.#modules.get(digest);
    if (known !== undefined) return known;
    const { reuse, instancesMax = instancesMaxDefault } = this.#options;
    const source = this.#options.modules(digest);
    if (source === undefined) throw fail("WE_EXECUTOR_MODULE_UNKNOWN", { digest });
    assert(source.digest === digest, "a module is found under its digest");
    const module = new LoadedModule(source, {
      images: this.#options,
      imports: this.#imports,
      gates: this.#host.gates,
      idleSlotsMax: reuse === undefined ? idleSlotsMax : instancesMax,
    });
    this.#modules.set(digest, module);
    return module;
  }

  /** Turns what the machine could not bear into a coded error. */
  #guard<Result>(place: Place, body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      throw this.#failure(error, place, () => undefined);
    }
  }

  /** What to throw for `error`; `undo` is called where the host failed. */
  #failure(error: unknown, place: Place, undo: () => void): unknown {
    const failure = asHostFailure(error);
    if (!(failure instanceof HostFailure)) return error;
    undo();
    const { agent, tick } = place;
    return fail("WE_EXECUTOR_HOST_FAILURE", { agent, tick, reason: failure.message });
  }
}

function markOf(agent: ResidentAgent): TurnMark {
  const mark = { agent, journalLength: 0, initialised: false, ledger: emptyLedgerMark() };
  agent.mark(mark);
  return mark;
}

/** Image of an agent before its first invocation; empty where it may not even hold that. */
function freshBase(
  module: LoadedModule,
  ledger: BaseImage["ledger"],
  oversized: boolean,
  options: ExecutorOptions,
): BaseImage {
  const point = { ledger, initialised: false };
  return oversized ? new BaseImage(options, point) : module.initial.fork(point);
}
