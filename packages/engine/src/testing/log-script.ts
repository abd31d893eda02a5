/** A made-up history for tests of the log: inputs in some ticks, commits whose digests fit, and what was appended. */

import { Encoding, encodeUtf8, type AgentId } from "@wasm-engine/abi";
import {
  genesisDigest,
  inputsDigest,
  nextChainHead,
  type Commit,
  type Genesis,
  type Hasher,
  type Input,
} from "@wasm-engine/core";
import type { LogEntry } from "../storage/contract.js";

export const scriptGenesis: Genesis = {
  semantics: 1,
  name: "script",
  seed: 1,
  epochNanos: 0n,
  tickNanos: 1_000_000n,
  policy: "fifo",
  stride: 1,
  shards: 16,
  stateHashEvery: 4,
  turnsPerTickMax: 10,
  retainTicks: 10,
  agentsMax: 10,
  depthBytes: 1024,
  modules: {},
  tenants: [],
  agents: [],
  models: [],
  tools: [],
};

function scriptInput(seq: number, tick: number, payloadBytes: number): Input {
  const payload = encodeUtf8("x".repeat(payloadBytes));
  const to = "a" as AgentId; // brand: test data
  return {
    seq,
    tick,
    body: { kind: "message", to, topic: "t", encoding: Encoding.TEXT, payload, answerWanted: false },
  };
}

/** Entries of ticks `first` … `last`, going on from where an earlier script ended. */
export class LogScript {
  readonly #hasher: Hasher;
  readonly #payloadBytes: number;
  chainHead: Uint8Array;
  seq = 0;

  constructor(hasher: Hasher, payloadBytes = 20) {
    this.#hasher = hasher;
    this.#payloadBytes = payloadBytes;
    this.chainHead = genesisDigest(hasher, scriptGenesis);
  }

  /** Inputs and commit of one tick; two inputs in every third tick unless told otherwise. */
  tick(tick: number, inputCount: number = tick % 3 === 1 ? 2 : 0): LogEntry[] {
    const inputs = Array.from({ length: inputCount }, () =>
      scriptInput((this.seq += 1), tick, this.#payloadBytes),
    );
    const digest = inputsDigest(this.#hasher, inputs);
    const commit: Commit = {
      tick,
      fuel: 1000 + tick,
      effectsDigest: new Uint8Array(32).fill(tick),
      ...(digest === undefined ? {} : { inputsDigest: digest }),
      ...(tick % scriptGenesis.stateHashEvery === 0 ? { stateHash: new Uint8Array(32).fill(1) } : {}),
    };
    this.chainHead = nextChainHead(this.#hasher, this.chainHead, commit);
    const entries = inputs.map((input): LogEntry => ({ kind: "input", input }));
    return [...entries, { kind: "commit", commit, chainHead: this.chainHead }];
  }
}

/** One word per entry, to compare histories. */
export function entryName(entry: LogEntry): string {
  return entry.kind === "input" ? `input ${entry.input.seq}` : `commit ${entry.commit.tick}`;
}
