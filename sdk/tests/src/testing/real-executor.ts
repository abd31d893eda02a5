/** One agent on the real executor, instrumented: one turn of one invocation per tick. */

import { createHash } from "node:crypto";
import {
  EntryCode,
  decodeEffects,
  decodeUtf8,
  encodeMessage,
  encodeUtf8,
  handleOfId,
} from "@wasm-engine/abi";
import type { AgentId, Effect, FaultCode, Message, ModuleDigest } from "@wasm-engine/abi";
import { EMPTY_LEDGER, createInProcessExecutor } from "@wasm-engine/executor";
import type { InProcessExecutor } from "@wasm-engine/executor";
import { instrument } from "@wasm-engine/wasm";

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

const agentId = "guest" as AgentId; // a valid id
const agent = handleOfId(sha256, agentId);

/** What a turn did, read from its record. */
interface TurnOutcome {
  /** Requests ever started. */
  readonly requests: number;
  readonly fuel: number;
  readonly completed: number;
  readonly effects: Uint8Array;
  readonly fault?: { readonly code: FaultCode; readonly guestCode: number };
}

export class RealExecutor {
  readonly details: string[] = [];
  readonly #executor: InProcessExecutor;
  #tick = 0;

  constructor(module: Uint8Array) {
    const digest = Buffer.from(sha256(module)).toString("hex") as ModuleDigest; // as the engine makes it
    const guest = { digest, bytes: instrument(module).bytes };
    this.#executor = createInProcessExecutor({
      modules: () => guest,
      sha256,
      onFaultDetail: ({ detail }) => this.details.push(detail),
    });
    const limits = {
      fuelPerSlice: 100_000_000,
      fuelPerTurnMax: 100_000_000,
      memoryBytes: 16 * 1024 * 1024,
      mailboxMessages: 100,
      messagesPerTurnMax: 100,
    };
    const streamSeed = sha256(encodeUtf8("seed"));
    this.#executor.apply(
      [{ kind: "create", agent, id: agentId, module: digest, limits, streamSeed, ledger: EMPTY_LEDGER }],
      0,
    );
    this.#executor.seal({ added: [["critic" as AgentId, agent]], removed: [] }); // a valid id
    this.#run(EntryCode.INIT);
  }

  receive(message: Partial<Omit<Message, "topic">> & { readonly topic?: string; readonly json?: unknown }): {
    readonly outcome: TurnOutcome;
    readonly effects: readonly Effect[];
  } {
    const bytes = encodeMessage({
      kind: 0,
      encoding: 1,
      flags: 0,
      messageId: 1,
      correlationId: 0,
      peer: 5,
      tick: this.#tick,
      ...message,
      topic: encodeUtf8(message.topic ?? ""),
      payload: encodeUtf8(JSON.stringify(message.json ?? {})),
    });
    const outcome = this.#run(EntryCode.RECEIVE, bytes);
    return { outcome, effects: decodeEffects(outcome.effects) };
  }

  digest(): string {
    return Buffer.from(this.#executor.imageDigests([agent])[0] ?? new Uint8Array()).toString("hex");
  }

  #run(entry: EntryCode, message?: Uint8Array): TurnOutcome {
    const executor = this.#executor;
    executor.beginTick(this.#tick, BigInt(this.#tick) * 1_000_000_000n);
    this.#tick += 1;
    const turns = executor.turnsOf(agent);
    turns.beginTurn(agent, 0);
    if (message === undefined) turns.invoke(entry);
    else turns.invokeWithMessage(entry, message);
    executor.execute();
    const reader = executor.outcomesOf(agent);
    reader.advance(0);
    const { effectsStart, effectBytes, fuel, completed, requests, faultCode, guestCode } = reader;
    const effects = reader.region.bytes.slice(effectsStart, effectsStart + effectBytes);
    if (faultCode === 0) return { fuel, completed, requests, effects };
    return { fuel, completed, requests, effects, fault: { code: faultCode as FaultCode, guestCode } }; // written by the executor
  }
}

/** Console lines among effects. */
export function said(effects: readonly Effect[]): (string | undefined)[] {
  return effects.filter(({ kind }) => kind === 1).map(({ body }) => decodeUtf8(body));
}
