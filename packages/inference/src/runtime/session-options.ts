/**
 * Options of every session. They decide bits: each one is pinned, and their text is part of the fingerprint.
 * One thread and no spinning, because worlds have threads of their own and results must not depend on a count.
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

/** `weightFolder`: where the runtime itself opens the files of weights that the model names. */
export function sessionOptions(
  provider: ProviderName,
  weightFolder?: string,
): InferenceSession.SessionOptions {
  const { session, ...rest } = PINNED.extra;
  const folder =
    weightFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightFolder };
  const extra = { ...rest, session: { ...session, ...folder } };
  // Warnings of the runtime are about its own choices; what matters comes back as an error.
  return { ...PINNED, extra, executionProviders: [provider], logSeverityLevel: 4 };
}

export const sessionOptionsText: string = JSON.stringify(PINNED);
