/**
 * What the orchestrator thread and an executing thread say to each other over their port: everything that is not
 * the hot path. Plain data. Bytes of a message own their buffer: structured clone would carry the whole buffer of a
 * view, and what is transferred is gone here.
 */

import type { MessagePort } from "node:worker_threads";
import type { AgentHandle, ErrorRecord, ModuleDigest } from "@wasm-engine/abi";
import type { PopulationChange } from "@wasm-engine/core";
import type {
  AgentImage,
  AgentOperation,
  ExecutorFigures,
  FaultDetail,
  PagedImage,
  UpgradeOutcome,
} from "@wasm-engine/executor";
import type { ThreadFault } from "./thread-faults.js";

/** What an executing thread is started with; see executing-thread.ts. */
export interface ExecutingThreadData {
  /** From 1; the orchestrator thread is 0. */
  readonly thread: number;
  readonly control: SharedArrayBuffer;
  readonly port: MessagePort;
  /** First buffers of the regions. */
  readonly turns: SharedArrayBuffer;
  readonly outcomes: SharedArrayBuffer;
  readonly digests: SharedArrayBuffer;
  readonly mail: readonly [SharedArrayBuffer, SharedArrayBuffer];
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly depthBytes: number;
  readonly instancesMax: number;
  /** Every thread has a core of its own. */
  readonly spins: boolean;
  readonly fault: ThreadFault | undefined;
  readonly life: number;
}

/** What a thread answers. */
export type ThreadCall =
  | { readonly kind: "apply"; readonly operations: readonly AgentOperation[]; readonly tick: number }
  | { readonly kind: "load"; readonly images: readonly AgentImage[] }
  | { readonly kind: "images" }
  | { readonly kind: "begin-images"; readonly all: boolean }
  | { readonly kind: "take-images"; readonly count: number }
  | { readonly kind: "figures" }
  | { readonly kind: "describe"; readonly agent: AgentHandle }
  | { readonly kind: "examine"; readonly agent: AgentHandle; readonly name: string }
  | { readonly kind: "flip"; readonly agent: AgentHandle; readonly byte: number; readonly bit: number }
  /** Reads what was posted before. */
  | { readonly kind: "none" };

/** The value of every call. */
export interface ThreadValues {
  readonly apply: readonly UpgradeOutcome[];
  readonly load: undefined;
  readonly images: readonly AgentImage[];
  readonly "begin-images": number;
  readonly "take-images": readonly PagedImage[];
  readonly figures: ExecutorFigures;
  readonly describe: Uint8Array | undefined;
  readonly examine: number | null | undefined;
  readonly flip: undefined;
  readonly none: undefined;
}

/** Orchestrator to thread; read when the thread is next started. */
export type ThreadPost =
  | { readonly kind: "call"; readonly call: ThreadCall }
  /** Changes that need no answer. */
  | { readonly kind: "operations"; readonly operations: readonly AgentOperation[]; readonly tick: number }
  | { readonly kind: "population"; readonly change: PopulationChange }
  /** A region of the orchestrator has grown. */
  | { readonly kind: "grown"; readonly region: SharedRegionName; readonly buffer: SharedArrayBuffer };

export type SharedRegionName = "turns" | "digests" | "even mail" | "odd mail";

/** Thread to orchestrator; read when the thread has finished. */
export type ThreadReport =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: ErrorRecord }
  | { readonly kind: "faults"; readonly faults: readonly FaultDetail[] }
  /** The outcome region has grown. */
  | { readonly kind: "outcomes"; readonly buffer: SharedArrayBuffer };

/** Bytes with a buffer of their own. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isWhole = buffer.byteLength === bytes.byteLength && buffer instanceof ArrayBuffer;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/** An image whose bytes can be sent. */
export function ownedImage(image: AgentImage): AgentImage {
  return { ...ownedHead(image), memory: owned(image.memory) };
}

/** An image by pages whose bytes can be sent. */
export function ownedPages(image: PagedImage): PagedImage {
  return { ...ownedHead(image), digests: owned(image.digests), bytes: owned(image.bytes) };
}

function ownedHead<T extends Omit<AgentImage, "memory">>(image: T): T {
  const { pending } = image;
  return {
    ...image,
    streamSeed: owned(image.streamSeed),
    state: owned(image.state),
    ...(pending === undefined
      ? {}
      : {
          pending: pending.map(({ message, ...entry }) =>
            message === undefined ? entry : { ...entry, message: owned(message) },
          ),
        }),
  };
}

/** Operations whose bytes can be sent. */
export function ownedOperations(operations: readonly AgentOperation[]): AgentOperation[] {
  return operations.map((operation) =>
    operation.kind === "create" ? { ...operation, streamSeed: owned(operation.streamSeed) } : operation,
  );
}
