/**
 * Worlds of agents that ask models for texts: the sample decoder of the inference package, which knows no language and
 * whose bits are equal everywhere. One record, one request; everything that comes back is published.
 */

import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeUtf8, handleOfId } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import { nodeHasher } from "../crypto/node-crypto.js";
import type { ModelSetup, ResolvedWorld } from "../world/contract.js";
import type { FakeBehaviour } from "./fake-inference.js";
import { modelGuestText } from "./model-guest.js";
import { loggedInputs } from "./run-folders.js";
import { sampleModule, sampleWorld } from "./sample-world.js";

/** One request of a file input. */
export interface TextRecord {
  readonly tick: number;
  /** Agent. */
  readonly to: string;
  readonly [member: string]: unknown;
}

export interface TextWorldOptions {
  /** Fresh folder of the test. */
  readonly directory: string;
  readonly records: readonly TextRecord[];
  /** Folder of the model. */
  readonly model: string;
  readonly agents?: number;
  readonly snapshotEvery?: number;
  readonly timeoutTicks?: number;
  readonly setup?: Partial<ModelSetup>;
  /** These agents ask the model `n` instead. */
  readonly second?: { readonly model: string; readonly agents: readonly string[] };
}

interface DecoderModule {
  readonly sampleDecoder: (kind: string) => Uint8Array;
  readonly decoderFolder: (
    model: Uint8Array,
    files?: Readonly<Record<string, unknown>>,
  ) => {
    readonly path: string;
    [Symbol.dispose](): void;
  };
}

/** Writes a model folder with the sample decoder. `files` replaces some of them. */
export async function writeDecoder(
  target: string,
  { kind = "grouped", files = {} }: { readonly kind?: string; readonly files?: Record<string, unknown> } = {},
): Promise<string> {
  const place = new URL("../testing/sample-decoder.js", import.meta.resolve("@wasm-engine/inference/onnx"));
  const module = (await import(place.href)) as DecoderModule; // no export of the package: its own tests have it
  using folder = module.decoderFolder(module.sampleDecoder(kind), files);
  cpSync(folder.path, target, { recursive: true });
  return target;
}

interface EncoderModule {
  readonly sampleEncoder: (kind: string) => Uint8Array;
  readonly encoderFolder: (model: Uint8Array) => { readonly path: string; [Symbol.dispose](): void };
}

/** Writes a model folder with the sample encoder, which gives vectors of texts. */
export async function writeEncoder(target: string): Promise<string> {
  const place = new URL("../testing/sample-encoder.js", import.meta.resolve("@wasm-engine/inference/onnx"));
  const module = (await import(place.href)) as EncoderModule; // no export of the package: its own tests have it
  using folder = module.encoderFolder(module.sampleEncoder("plain"));
  cpSync(folder.path, target, { recursive: true });
  return target;
}

/** Writes a model folder for the fake inference package. */
export function writeFake(target: string, behaviour: FakeBehaviour): string {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "fake.json"), JSON.stringify({ writes: {}, ...behaviour }));
  return target;
}

/** Agents a1 … that ask model `m` whatever their records say. */
export async function textWorld(options: TextWorldOptions): Promise<ResolvedWorld> {
  const { directory, records, agents = 6, snapshotEvery, timeoutTicks = 0, second } = options;
  const text = (model: string): string => modelGuestText({ model, timeoutTicks, parts: true });
  const sample = await sampleWorld({
    directory,
    agents,
    text: text("m"),
    records: 0,
    stop: { when: "idle" },
    ...(snapshotEvery === undefined ? {} : { snapshotEvery }),
  });
  mkdirSync(directory, { recursive: true });
  const fields = [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
  const none = Object.fromEntries(fields.map((field) => [field, null]));
  const lines = records.map((record) => `${JSON.stringify({ ...none, ...record })}\n`);
  writeFileSync(join(directory, "records.jsonl"), lines.join(""));
  const [other, otherModule] = await sampleModule("other", text("n"));
  const specs = sample.genesis.agents.map((agent) => ({
    ...agent,
    ...(second?.agents.includes(agent.id) === true ? { module: other } : {}),
    every: 0,
    capabilities: { ...agent.capabilities, models: ["m", "n"] },
    limits: { ...agent.limits, memoryBytes: 64 * 65_536 },
  }));
  const setup = { providers: ["wasm"], thread: "shared", ...options.setup } as const;
  const dirs = { m: options.model, ...(second === undefined ? {} : { n: second.model }) };
  const modules = { ...sample.genesis.modules, ...(second === undefined ? {} : { other }) };
  const members = fields.filter((field) => field !== "tick" && field !== "to");
  return {
    ...sample,
    inputs: sample.inputs.map((input) => ({
      ...input,
      fields: members.map((field) => ({ name: field, field, type: "auto" }) as const),
    })),
    genesis: { ...sample.genesis, agents: specs, models: ["m", "n"], modules },
    modules: new Map([...sample.modules, [other, otherModule]]),
    models: Object.entries(dirs).map(([name, dir]) => ({ name, dir, ...setup })),
  };
}

/** What goes on has to write its texts again. */
export function forgetTexts(directory: string): void {
  rmSync(join(directory, ".wasm-engine", "answers"), { recursive: true, force: true });
}

export function agentHandle(id: string): AgentHandle {
  return handleOfId((bytes) => nodeHasher.sha256(bytes), id as AgentId); // brand: test data
}

/** A part or an answer in a log. */
export interface EnteredText {
  readonly tick: number;
  readonly agent: number;
  readonly requestId: number;
  readonly last: boolean;
  readonly ok: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

export function enteredIn(dir: string): readonly EnteredText[] {
  return loggedInputs(dir).flatMap(({ tick, body }): EnteredText[] => {
    if (body.kind !== "result") return [];
    const { agent, requestId, last, ok, payload } = body;
    const parsed = JSON.parse(decodeUtf8(payload) ?? "") as EnteredText["body"]; // JSON by encoding
    return [{ tick, agent, requestId, last, ok, body: parsed }];
  });
}
