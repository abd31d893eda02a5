/**
 * What answers requests outside of the world other than ONNX models: tools, remote models, fakes. An adapter lives in
 * the adapter thread of the world's process, has an event loop, and sees neither the world nor its log. What it
 * answers enters the world as a logged input; a replay asks nobody.
 */

import type { AgentId, Encoding } from "@wasm-engine/abi";
import type { ExternalRequest, Json } from "@wasm-engine/core";
import type { Delivery } from "../world/contract.js";
import type { ToolDefinition } from "./tool.js";

/** One request, as it left the world. Plain data: it crosses a thread boundary. */
export interface AdapterRequest {
  /** Hex SHA-256 over lineage, agent, tick and emission index: the idempotency key that the outside may be given. */
  readonly id: string;
  readonly kind: ExternalRequest["kind"];
  readonly agentId: AgentId;
  /** Model or tool as the agent names it. */
  readonly name: string;
  readonly tick: number;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  /** 31 bits from the world's seed, the agent and its request: seed of whatever samples. */
  readonly seed: number;
}

/** The one last answer. Texts of failures are stable: no host names, no wall time, no engine error text. */
export type AdapterAnswer =
  | {
      readonly ok: true;
      readonly encoding: Encoding;
      readonly payload: Uint8Array;
      /** Taken from an earlier run, by content; absent: asked now. For counts only. */
      readonly reused?: true;
    }
  | {
      readonly ok: false;
      /** `FAILED`, `TIMEOUT`, `OUTCOME_UNKNOWN`, `BAD_INPUT`, or what a tool has chosen. */
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
    };

export interface AdapterCall {
  /** Aborted where the world no longer waits: cancelled, timed out, ended; or after `timeoutMs`. */
  readonly signal: AbortSignal;
  /** A part before the last answer (a token, a stretch of text), in the encoding of the answer. */
  part(encoding: Encoding, payload: Uint8Array): void;
}

export interface Adapter {
  /**
   * Hex SHA-256 over what decides answers (text of a tool; address, model and parameters of a server; rules of a
   * script), where that is known: for reports, and part of the key under which answers are kept for reuse.
   */
  readonly identity?: string;
  /** What a tool says of itself; the setup wins. Adapters of models may always be asked again. */
  readonly idempotent?: boolean;
  /**
   * Never called twice for one request by the same process. A rejection, or an answer that comes after the signal was
   * aborted, is the caller's to translate: an adapter may throw.
   */
  answer(request: AdapterRequest, call: AdapterCall): Promise<AdapterAnswer>;
  close?(): Promise<void>;
}

/** Where a secret comes from. Only the adapter thread resolves it; the run folder keeps the reference, no value. */
export type SecretSource = { readonly env: string } | { readonly file: string };

interface AdapterSetupHead {
  /** What agents ask it for: a model and a tool may have the same name. */
  readonly serves: ExternalRequest["kind"];
  /** Name that agents ask by. */
  readonly name: string;
  /** Absent: that of the world. */
  readonly delivery?: Delivery;
  /** Ticks from request to answer under lockstep; default 1. */
  readonly latencyTicks?: number;
  /** Wall-clock limit of one call in milliseconds; past it the answer is TIMEOUT, retryable. */
  readonly timeoutMs: number;
  /** Values by the names that the adapter knows them by. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

export interface ToolSetup extends AdapterSetupHead {
  readonly kind: "tool";
  readonly serves: "tool";
  /** Absolute path of the module that exports the tool. */
  readonly path: string;
  /** Name of the export; absent: `default`, else the only one that is a tool. */
  readonly export?: string;
  /**
   * A call may be repeated after a crash without harm; otherwise an attempt without result is OUTCOME_UNKNOWN.
   * Absent: what the tool says, else false.
   */
  readonly idempotent?: boolean;
  /** Answers may be taken from an earlier run, by content. */
  readonly reuse: boolean;
}

/** A function of the program that opened the world: it is called in that program's process, wherever that is. */
export interface ProgramSetup extends AdapterSetupHead {
  readonly kind: "program";
  readonly serves: "tool";
  /** As for other tools; absent: what the program says when it opens the world, else false. */
  readonly idempotent?: boolean;
}

/** Any server with the interface of OpenAI, on loopback unless `remote` grants more. */
export interface OpenAiSetup extends AdapterSetupHead {
  readonly kind: "openai";
  readonly serves: "inference";
  /** Base address, up to and including `/v1`. */
  readonly url: string;
  /** Name of the model at the server. */
  readonly model: string;
  readonly parameters: Readonly<Record<string, Json>>;
  /** Answers may be taken from an earlier run, by content. */
  readonly reuse: boolean;
  /** Requests under way at a time. */
  readonly concurrency: number;
}

/** Answers by rules from a file: for templates, tests, demonstrations. */
export interface ScriptedSetup extends AdapterSetupHead {
  readonly kind: "scripted";
  /** Absolute path of a YAML or JSON file of rules. */
  readonly path: string;
}

/** Answers as another run has recorded them, by content; what it has not seen is FAILED. */
export interface RecordedSetup extends AdapterSetupHead {
  readonly kind: "recorded";
  /** Absolute path of a run folder or a bundle. */
  readonly path: string;
}

/** Fails on purpose. */
export interface FailingSetup extends AdapterSetupHead {
  readonly kind: "failing";
  /**
   * refuse: an error answer; hang: no answer until `timeoutMs`; garble: bytes that are no JSON; flaky: an error for
   * about every second request.
   */
  readonly how: "refuse" | "hang" | "garble" | "flaky";
  readonly code: string;
  readonly message: string;
}

/** Stands for a model or a tool. */
export type FakeSetup = ScriptedSetup | RecordedSetup | FailingSetup;
export type ModelAdapterSetup = OpenAiSetup | FakeSetup;
export type AdapterSetup = ToolSetup | ProgramSetup | ModelAdapterSetup;

/** What an adapter is made with. */
export interface AdapterSurroundings {
  /** Resolved in the adapter thread. @throws {WE_SECRET_MISSING} */
  secret(name: string): string;
  /** Folder of the configuration. */
  readonly baseDirectory: string;
  /** Answers of earlier runs are not looked at; those of this one are kept. */
  readonly askAnew: boolean;
  /** A tool that is in memory already; absent: the module of the setup is loaded. */
  readonly definition?: ToolDefinition;
  /** Asks the program that opened the world, and tells it where `signal` is aborted. Absent where there is none. */
  readonly callProgram?: (request: AdapterRequest, signal: AbortSignal) => Promise<AdapterAnswer>;
}

/**
 * What a module of the table exports as `createAdapter`. Checks its setup; what it cannot use stops the world before
 * anything of its run is written.
 */
export type CreateAdapter<Setup extends AdapterSetup> = (
  setup: Setup,
  surroundings: AdapterSurroundings,
) => Promise<Adapter>;
