/**
 * Executors for measuring the core: every agent passes one message of fixed size on to the next one. They do what
 * the port asks for with as little work as possible, so that what is left of a tick is the core's own.
 */

import {
  EffectKind,
  Encoding,
  MailRegion,
  MessageKind,
  OutcomeReader,
  OutcomeRegion,
  Region,
  TurnReader,
  TurnRegion,
  assert,
  copyAligned,
  encodeEffect,
  encodeMessage,
} from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { Executors, UpgradeOutcome } from "../ports.js";

const regionBytes = 1 << 20;
const mailBytesMax = 1 << 26;
const fuelPerTurn = 500;
const imageDigest = new Uint8Array(32);

function allocate(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes);
}

/** What one agent sends in every turn. */
interface Member {
  readonly record: Region;
  messages: number;
}

export class RingExecutors implements Executors {
  readonly #mail = [mailRegion(), mailRegion()] as const;
  readonly #turns = new TurnRegion(allocate, regionBytes);
  readonly #outcomes = new OutcomeRegion(allocate, regionBytes);
  readonly #cursor = new OutcomeReader(this.#outcomes.region);
  readonly #reader = new TurnReader();
  readonly #members = new Map<number, Member>();

  /** `next`: whom an agent sends to, by its handle. */
  constructor(next: ReadonlyMap<AgentHandle, AgentHandle>, payloadBytes: number) {
    for (const [agent, peer] of next) {
      const record = sendRecord(peer, payloadBytes);
      const region = new Region(allocate, record.length);
      region.bytes.set(record);
      this.#members.set(agent, { record: region, messages: 0 });
    }
  }

  apply(): readonly UpgradeOutcome[] {
    return [];
  }

  seal(): void {
    // Nobody looks ids up.
  }

  mail(tick: number): MailRegion {
    return this.#mail[tick % 2 === 0 ? 0 : 1];
  }

  beginTick(tick: number, timeNanos: bigint): void {
    this.#turns.begin(tick, timeNanos);
  }

  turnsOf(): TurnRegion {
    return this.#turns;
  }

  execute(): void {
    const reader = this.#reader;
    reader.open(this.#turns.region);
    const mail = this.mail(reader.tick).region.bytes;
    this.#outcomes.begin();
    this.#cursor.begin();
    while (reader.nextTurn()) {
      for (let index = 0; index < reader.invocationCount; index += 1) reader.nextInvocation(mail);
      this.#send(reader.agent, reader.planIndex, reader.invocationCount);
    }
  }

  outcomesOf(): OutcomeReader {
    return this.#cursor;
  }

  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[] {
    return agents.map(() => imageDigest);
  }

  #send(agent: number, planIndex: number, completed: number): void {
    const member = this.#members.get(agent);
    assert(member !== undefined, "only members take turns");
    member.messages += 1;
    const start = this.#outcomes.beginTurn(agent, planIndex);
    const { region } = this.#outcomes;
    const { capacity } = member.record;
    region.reserve(start + capacity);
    copyAligned(member.record.words, 0, region.words, start, capacity);
    const { messages } = member;
    const figures = {
      completed,
      fuel: fuelPerTurn,
      faultCode: 0,
      guestCode: 0,
      requests: 0,
      messages,
      spawns: 0,
    };
    this.#outcomes.finishTurn(figures, capacity);
  }
}

function mailRegion(): MailRegion {
  return new MailRegion(allocate, regionBytes, mailBytesMax);
}

function sendRecord(peer: AgentHandle, payloadBytes: number): Uint8Array {
  const body = encodeMessage({
    kind: MessageKind.MESSAGE,
    encoding: Encoding.BYTES,
    flags: 0,
    messageId: 1,
    correlationId: 0,
    peer,
    tick: 0,
    topic: new Uint8Array(0),
    payload: new Uint8Array(payloadBytes),
  });
  return encodeEffect({ kind: EffectKind.SEND, level: 0, invocation: 0, requestId: 0, ticks: 0, body });
}
