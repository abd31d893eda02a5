/** What passes between the orchestrator thread and the thread of adapters. Calls are known by the ids of requests. */

import type { MessagePort } from "node:worker_threads";
import type { Encoding, ErrorRecord } from "@wasm-engine/abi";
import type { ToolLine } from "./tool-lines.js";
import type { AdapterAnswer, AdapterRequest, AdapterSetup } from "./contract.js";

/** What a thread of adapters is started with. */
export interface AdapterThreadData {
  readonly port: MessagePort;
  /** Word 0: an {@link AdapterState}. */
  readonly state: SharedArrayBuffer;
  /** Bell of the orchestrator's loop; absent where that has an event loop. */
  readonly bell?: SharedArrayBuffer;
  readonly setups: readonly AdapterSetup[];
  readonly options: AdapterOptions;
}

export interface AdapterOptions {
  readonly baseDirectory: string;
  readonly askAnew: boolean;
}

/** `CLOSED`: it will say no more. `DEAD`: nothing of it is left, which whoever watches it says. */
export const AdapterState = { RUNNING: 0, CLOSED: 1, DEAD: 2 } as const;
export type AdapterState = (typeof AdapterState)[keyof typeof AdapterState];

/** What an adapter says of itself once it is made. */
export interface AdapterFacts {
  readonly identity?: string;
  readonly idempotent?: boolean;
}

export type AdapterOrder =
  | { readonly kind: "ask"; readonly adapter: number; readonly request: AdapterRequest }
  | { readonly kind: "forget"; readonly id: string }
  /** What a function of the program gave. */
  | { readonly kind: "program-answer"; readonly id: string; readonly answer: AdapterAnswer }
  /** Are you there? */
  | { readonly kind: "ping" }
  | { readonly kind: "close" };

export type AdapterNews =
  /** In the order of the setups. */
  | { readonly kind: "ready"; readonly facts: readonly AdapterFacts[] }
  /** It cannot go on. */
  | { readonly kind: "failed"; readonly error: ErrorRecord }
  | { readonly kind: "pong" }
  /** A line of a tool's console, for people. */
  | { readonly kind: "line"; readonly line: ToolLine }
  /** For the program that opened the world. */
  | { readonly kind: "program-call"; readonly request: AdapterRequest }
  | { readonly kind: "program-abort"; readonly id: string }
  | { readonly kind: "part"; readonly id: string; readonly encoding: Encoding; readonly payload: Uint8Array }
  | { readonly kind: "answer"; readonly id: string; readonly answer: AdapterAnswer };
