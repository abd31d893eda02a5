/**
 * What answers requests that have left the world, as the request desk uses it: ONNX models in threads of their own, or
 * the adapters of tools and of other models. Synchronous: answers are looked for, never awaited. Nothing here enters
 * the world; answers do, as logged inputs.
 */

import type { Encoding } from "@wasm-engine/abi";
import type { ExternalRequest, ProviderChange, TensorResponse, TextPace } from "@wasm-engine/core";
import type { Delivery } from "../world/contract.js";

/** An answer, or why there is none. `code` defaults to `FAILED`; `retryable`: asking again may succeed. */
export type RequestAnswer =
  | TensorResponse
  | { readonly ok: false; readonly message: string; readonly retryable: boolean; readonly code?: string };

/** What has come since the last look. */
export type AnswerEvent =
  | {
      readonly kind: "answer";
      readonly request: ExternalRequest;
      readonly answer: RequestAnswer;
      /** Nobody outside was asked: an earlier answer to an equal request was taken. */
      readonly reused?: true;
    }
  /** Before the last answer; dropped where answers have computed ticks. */
  | {
      readonly kind: "part";
      readonly request: ExternalRequest;
      readonly encoding: Encoding;
      readonly payload: Uint8Array;
    }
  /** The prompt of a text has so many tokens. */
  | { readonly kind: "prompt"; readonly request: ExternalRequest; readonly tokens: number }
  /** Part `index` of a text, from 0, with what it shows. Behind the last one the answer comes, for the same tick. */
  | {
      readonly kind: "text";
      readonly request: ExternalRequest;
      readonly index: number;
      readonly text: string;
      readonly isLast: boolean;
    }
  | { readonly kind: "changed"; readonly change: ProviderChange }
  | { readonly kind: "died"; readonly cause: string; readonly deaths: number };

/** How answers of one model or tool enter the world. */
export interface AnswerSchedule {
  readonly delivery: Delivery;
  readonly latencyTicks: number;
  /** Present where answers are texts, which come in parts. */
  readonly text?: TextPace;
}

export type RequestTarget = Pick<ExternalRequest, "kind" | "name">;

export interface Answerer {
  /** Undefined where it answers nothing of that name. */
  schedule(target: RequestTarget): AnswerSchedule | undefined;
  /** What it does shows outside of this machine: it is asked only once the tick of a request is durable. */
  readonly waitsForLog: boolean;
  /** Begins work on requests of one tick for one model or tool, in plan order. Asked again for one: goes on with it. */
  ask(name: string, requests: readonly ExternalRequest[]): void;
  /** The answer has entered the world, or the world does not wait for one any more. */
  forget(request: ExternalRequest): void;
  /** @throws {WE_MODEL_RUN} and what loading throws, where nothing can be answered any more */
  poll(): readonly AnswerEvent[];
  /** Watches for news since the last poll for a moment, while something is under way; false: it is time to sleep. */
  looksAgain(): boolean;
  /** Ends what is under way. Idempotent. */
  close(): void;
}
