/**
 * Provider `wasm`: onnxruntime-web inside Node. The one runtime with equal bits on every processor, because
 * WebAssembly arithmetic is specified and nothing of the machine shows in it.
 */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { OnnxRuntime } from "./onnx-runtime.js";
import { createOrtSession } from "./ort-session.js";
import type { OrtModule } from "./ort-session.js";
import { sessionOptionsText } from "./session-options.js";

let opened: Promise<OnnxRuntime> | undefined;

/** Loaded once per thread, at the first model. */
export function webRuntime(): Promise<OnnxRuntime> {
  opened ??= openWebRuntime();
  return opened;
}

async function openWebRuntime(): Promise<OnnxRuntime> {
  const ort: OrtModule = await import("onnxruntime-web");
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  ort.env.logLevel = "fatal";
  ort.env.wasm.numThreads = 1;
  // Fixed-width SIMD only: relaxed SIMD may round differently on each processor.
  ort.env.wasm.simd = "fixed";
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmPaths = `${pathToFileURL(folder).href}/`;
  const runtime = `onnxruntime-web ${ort.env.versions.web ?? "unknown"}`;
  return {
    describe: () => ({ runtime, platform: "any", options: `${sessionOptionsText(1)} simd fixed, 1 thread` }),
    createSession: (model, provider, weights) =>
      createOrtSession(ort, {
        model,
        provider,
        ...(weights === undefined ? {} : { weights }),
        threads: 1,
        weightsFrom: "memory",
      }),
  };
}
