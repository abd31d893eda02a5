/**
 * The smallest thing that drives an executor: modules from text, agents by number, one plan per tick. It keeps no
 * mailboxes and decides nothing.
 */

import { createHash } from "node:crypto";
import { decodeEffects, handleOfId } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, Effect, ModuleDigest } from "@wasm-engine/abi";
import { instrument } from "@wasm-engine/wasm";
import wabt from "wabt";
import { EMPTY_LEDGER } from "../executor-contract.js";
import type {
  AgentLimits,
  GuestModule,
  InProcessExecutor,
  InProcessExecutorOptions,
  Invocation,
  SealedView,
  TurnOutcome,
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

/** Instrumented module of a text. */
export function guest(text: string): GuestModule {
  const parsed = toolkit.parseWat("guest.wat", text, {
    simd: true,
    bulk_memory: true,
    mutable_globals: true,
  });
  const binary = new Uint8Array(parsed.toBinary({}).buffer);
  parsed.destroy();
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

export interface TestWorldOptions extends Partial<InProcessExecutorOptions> {
  readonly guests?: readonly GuestModule[];
}

export class TestWorld {
  readonly executor: InProcessExecutor;
  /** Ids that `lookup` finds. */
  readonly known = new Map<string, AgentHandle>();
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

  get view(): SealedView {
    return {
      handleOf: (id) => this.known.get(id),
      timeNanos: (tick) => 1_000_000_000_000_000_000n + BigInt(tick) * 1_000_000n,
    };
  }

  create(name: string, module: GuestModule = SCRIPT_GUEST, limits: Partial<AgentLimits> = {}): AgentHandle {
    const agent = handleFor(name);
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
    this.tick += 1;
    const [outcome] = this.executor.execute({ tick: this.tick, turns: [{ agent, invocations }] }, this.view);
    if (outcome === undefined) throw new Error("one turn, one outcome");
    return outcome;
  }

  /** One turn with one `receive` per script. */
  run(agent: AgentHandle, ...scripts: readonly (readonly Command[])[]): TurnOutcome {
    return this.turn(
      agent,
      scripts.map((script) => ({ entry: "receive", message: scriptMessage(script) })),
    );
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
