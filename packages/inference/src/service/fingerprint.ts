/** What may decide the bits of an answer besides the request: its parts by name, and one digest over them. */

import { createHash } from "node:crypto";
import type { BatchMode, ProviderName } from "@wasm-engine/core";
import type { RuntimeDescription } from "../runtime/onnx-runtime.js";

export interface FingerprintSource {
  readonly digest: string;
  readonly provider: ProviderName;
  readonly description: RuntimeDescription;
  readonly kernels: string;
  readonly batchMode: BatchMode;
}

export interface Fingerprint {
  readonly fingerprint: string;
  readonly fingerprintParts: Readonly<Record<string, string>>;
}

export function fingerprintOf(source: FingerprintSource): Fingerprint {
  const { digest, provider, description, kernels, batchMode } = source;
  const fingerprintParts = {
    model: digest,
    runtime: description.runtime,
    provider,
    options: description.options,
    platform: description.platform,
    kernels,
    batch: batchMode,
  };
  // One line per part in this order: the text is part of the format, as spec readers may recompute it.
  const text = Object.entries(fingerprintParts).map(([name, value]) => `${name}=${value}\n`);
  const fingerprint = createHash("sha256")
    .update(`wasm-engine/inference\n${text.join("")}`)
    .digest("hex");
  return { fingerprint, fingerprintParts };
}
