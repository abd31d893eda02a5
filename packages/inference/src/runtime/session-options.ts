/**
 * Options of every session. They decide bits: each one is pinned, and their text is part of the fingerprint.
 * One thread unless the caller asks for more, and no spinning, because worlds have threads of their own. The count is
 * part of the text: kernels may share their sums out by it.
 */

import type { ProviderName } from "@wasm-engine/core";
import type { InferenceSession } from "onnxruntime-web";

/** Without x64quantprecision, processors without VNNI saturate products of 8-bit integers and answer grossly other. */
const PINNED = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  enableCpuMemArena: true,
  enableMemPattern: true,
  extra: { session: { x64quantprecision: "1", intra_op: { allow_spinning: "0" } } },
} as const satisfies InferenceSession.SessionOptions;

/** What may differ between sessions. */
export interface SessionPlace {
  /** Where the runtime itself opens the files of weights that the model names. */
  readonly weightFolder?: string | undefined;
  /** That one run is shared out to. */
  readonly threads: number;
}

export function sessionOptions(
  provider: ProviderName,
  { weightFolder, threads }: SessionPlace,
): InferenceSession.SessionOptions {
  const { session, ...rest } = PINNED.extra;
  const folder =
    weightFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightFolder };
  const extra = { ...rest, session: { ...session, ...folder } };
  // Warnings of the runtime are about its own choices; what matters comes back as an error.
  const own = {
    extra,
    intraOpNumThreads: threads,
    executionProviders: [provider],
    logSeverityLevel: 4,
  } as const;
  return { ...PINNED, ...own };
}

export function sessionOptionsText(threads: number): string {
  return JSON.stringify({ ...PINNED, intraOpNumThreads: threads });
}
