/**
 * The smallest thing that drives an executor: modules from text, agents by number, one plan per tick. It keeps no
 * mailboxes and decides nothing. Turns and outcomes are objects here; it carries them through the regions, every
 * second message by the mail region and the others inline.
 */

import { createHash } from "node:crypto";
import { EntryCode, decodeEffects, handleOfId } from "@wasm-engine/abi";
import type {
  AgentHandle,
  AgentId,
  Effect,
  FaultCode,
  ModuleDigest,
  OutcomeReader,
  TurnRegion,
} from "@wasm-engine/abi";
import { instrument } from "@wasm-engine/wasm";
import wabt from "wabt";
import { EMPTY_LEDGER } from "../executor-contract.js";
import type {
  AgentLimits,
  Entry,
  GuestModule,
  InProcessExecutor,
  InProcessExecutorOptions,
  Ledger,
} from "../executor-contract.js";
import { createInProcessExecutor } from "../in-process-executor.js";
import { RESULTS_AT, scriptGuest, scriptMessage } from "./script-guest.js";
import type { Command } from "./script-guest.js";

const toolkit = await wabt();

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function binaryOf(text: string): Uint8Array {
  const parsed = toolkit.parseWat("guest.wat", text, {
    simd: true,
    bulk_memory: true,
    mutable_globals: true,
  });
  const binary = new Uint8Array(parsed.toBinary({}).buffer);
  parsed.destroy();
  return binary;
}

/** Instrumented module of a text. */
export function guest(text: string): GuestModule {
  const binary = binaryOf(text);
  return { digest: hex(sha256(binary)) as ModuleDigest, bytes: instrument(binary).bytes };
}

export const SCRIPT_GUEST: GuestModule = guest(scriptGuest());

export const TEST_LIMITS: AgentLimits = {
  fuelPerSlice: 2_000_000,
  fuelPerTurnMax: 2_000_000,
  memoryBytes: 8 * 65_536,
  mailboxMessages: 100,
  messagesPerTurnMax: 16,
};

/** Small enough for the native stack of a test. */
export const TEST_DEPTH_BYTES = 64 * 1024;

export function agentId(name: string): AgentId {
  return name as AgentId; // tests use valid ids
}

export function handleFor(name: string): AgentHandle {
  return handleOfId(sha256, agentId(name));
}

/** One call of a guest entry point; `receive` and `step` carry a message. */
export interface Invocation {
  readonly entry: Entry;
  readonly message?: Uint8Array;
}

/** All work of one agent in one tick. */
export interface Turn {
  readonly agent: AgentHandle;
  readonly invocations: readonly Invocation[];
}

/** What a turn did, read from its record. */
export interface TurnOutcome {
  readonly fuel: number;
  readonly completed: number;
  readonly effects: Uint8Array;
  readonly ledger: Ledger;
  readonly fault?: { readonly invocation: number; readonly code: FaultCode; readonly guestCode: number };
}

const ENTRY_CODES: Record<Entry, EntryCode> = {
  init: EntryCode.INIT,
  receive: EntryCode.RECEIVE,
  step: EntryCode.STEP,
  shutdown: EntryCode.SHUTDOWN,
};

export interface TestWorldOptions extends Partial<InProcessExecutorOptions> {
  readonly guests?: readonly GuestModule[];
}

export class TestWorld {
  readonly executor: InProcessExecutor;
  /** Ids that `lookup` finds. */
  readonly known = new Map<string, AgentHandle>();
  readonly #sealed = new Map<string, AgentHandle>();
  readonly #streams = new Map<AgentHandle, Ledger["streams"]>();
  #messages = 0;
  tick = 0;

  constructor(options: TestWorldOptions = {}) {
    const guests = new Map(
      [SCRIPT_GUEST, ...(options.guests ?? [])].map((module) => [module.digest, module]),
    );
    this.executor = createInProcessExecutor({
      modules: (digest) => guests.get(digest),
      sha256,
      depthBytes: TEST_DEPTH_BYTES,
      ...options,
    });
  }

  create(name: string, module: GuestModule = SCRIPT_GUEST, limits: Partial<AgentLimits> = {}): AgentHandle {
    const agent = handleFor(name);
    this.#streams.set(agent, []);
    this.executor.apply(
      [
        {
          kind: "create",
          agent,
          id: agentId(name),
          module: module.digest,
          limits: { ...TEST_LIMITS, ...limits },
          streamSeed: sha256(Buffer.from(`seed of ${name}`)),
          ledger: EMPTY_LEDGER,
        },
      ],
      this.tick,
    );
    return agent;
  }

  /** Creates and initialises. */
  start(name: string, module: GuestModule = SCRIPT_GUEST, limits: Partial<AgentLimits> = {}): AgentHandle {
    const agent = this.create(name, module, limits);
    this.turn(agent, [{ entry: "init" }]);
    return agent;
  }

  turn(agent: AgentHandle, invocations: readonly Invocation[]): TurnOutcome {
    const [outcome] = this.execute([{ agent, invocations }]);
    if (outcome === undefined) throw new Error("one turn, one outcome");
    return outcome;
  }

  timeNanos(tick: number): bigint {
    return 1_000_000_000_000_000_000n + BigInt(tick) * 1_000_000n;
  }

  /** One tick; outcomes in the order of `turns`. */
  execute(turns: readonly Turn[]): TurnOutcome[] {
    this.tick += 1;
    this.#seal();
    this.executor.mail(this.tick).begin();
    this.executor.beginTick(this.tick, this.timeNanos(this.tick));
    for (const [planIndex, { agent, invocations }] of turns.entries()) {
      const region = this.executor.turnsOf(agent);
      region.beginTurn(agent, planIndex);
      for (const invocation of invocations) this.#write(region, invocation);
    }
    this.executor.execute();
    return turns.map((turn, planIndex) => {
      const reader = this.executor.outcomesOf(turn.agent);
      reader.advance(planIndex);
      return this.#outcome(turn, reader);
    });
  }

  /** One turn with one `receive` per script. */
  run(agent: AgentHandle, ...scripts: readonly (readonly Command[])[]): TurnOutcome {
    return this.turn(
      agent,
      scripts.map((script) => ({ entry: "receive", message: scriptMessage(script) })),
    );
  }

  #seal(): void {
    const added = [...this.known].filter(([id, agent]) => this.#sealed.get(id) !== agent);
    const removed = [...this.#sealed.keys()].filter((id) => !this.known.has(id));
    this.executor.seal({
      added: added.map(([id, agent]) => [agentId(id), agent] as const),
      removed: removed.map(agentId),
    });
    this.#sealed.clear();
    for (const [id, agent] of this.known) this.#sealed.set(id, agent);
  }

  #write(region: TurnRegion, { entry, message }: Invocation): void {
    const code = ENTRY_CODES[entry];
    if (message === undefined) {
      region.invoke(code);
      return;
    }
    this.#messages += 1;
    const mail = this.executor.mail(this.tick);
    const offset = this.#messages % 2 === 0 ? mail.claim(message.length) : -1;
    if (offset < 0) {
      region.invokeWithMessage(code, message);
      return;
    }
    mail.region.bytes.set(message, offset);
    region.invokeWithMail(code, offset, message.length);
  }

  #outcome({ agent }: Turn, reader: OutcomeReader): TurnOutcome {
    const { bytes } = reader.region;
    const { effectsStart, streamsStart, faultCode, completed } = reader;
    if (reader.agent !== agent) throw new Error("records follow the plan");
    if (reader.streamsBytes > 0) {
      const text = Buffer.from(bytes.slice(streamsStart, streamsStart + reader.streamsBytes)).toString();
      this.#streams.set(agent, JSON.parse(text) as Ledger["streams"]); // written by the executor
    }
    const { requests, messages, spawns } = reader;
    const outcome: TurnOutcome = {
      fuel: reader.fuel,
      completed,
      effects: bytes.slice(effectsStart, effectsStart + reader.effectBytes),
      ledger: { requests, messages, spawns, streams: this.#streamsOf(agent) },
    };
    if (faultCode === 0) return outcome;
    const code = faultCode as FaultCode; // written by the executor
    return { ...outcome, fault: { invocation: completed, code, guestCode: reader.guestCode } };
  }

  /** Positions that no record changed since an image was loaded are those of the image. */
  #streamsOf(agent: AgentHandle): Ledger["streams"] {
    const known = this.#streams.get(agent);
    if (known !== undefined) return known;
    const image = this.executor.images().find((candidate) => candidate.agent === agent);
    this.#streams.set(agent, image?.ledger.streams ?? []);
    return image?.ledger.streams ?? [];
  }

  digest(agent: AgentHandle): string {
    const [digest] = this.executor.imageDigests([agent]);
    if (digest === undefined) throw new Error("one agent, one digest");
    return hex(digest);
  }

  memory(agent: AgentHandle): Uint8Array {
    const image = this.executor.images().find((candidate) => candidate.agent === agent);
    if (image === undefined) throw new Error("the agent has an image");
    return image.memory;
  }

  /** The first results that host functions gave to the script guest. */
  results(agent: AgentHandle, count: number): number[] {
    const memory = this.memory(agent);
    const view = new DataView(memory.buffer, memory.byteOffset);
    return Array.from({ length: count }, (_, index) => view.getInt32(RESULTS_AT + index * 4, true));
  }
}

export function effectsOf(outcome: TurnOutcome): Effect[] {
  return decodeEffects(outcome.effects);
}
