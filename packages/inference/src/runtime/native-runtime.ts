/**
 * Providers of onnxruntime-node, which is not a dependency: it is looked for when a model asks for it, first in the
 * folders that the caller names, then beside this package. What is found must be the version this adapter was made for.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { OnnxRuntime } from "./onnx-runtime.js";
import { createOrtSession } from "./ort-session.js";
import type { OrtModule } from "./ort-session.js";
import { sessionOptionsText } from "./session-options.js";

export const nativeRuntimeVersion = "1.30.0";
const setup = "npx wasm-engine setup native";

/** The runtime, or why there is none. `folders` hold a `node_modules`; a run is shared out to `threads`. */
export function nativeRuntime(folders: readonly string[], threads = 1): OnnxRuntime | string {
  const bases = [
    ...folders.filter((folder) => existsSync(join(folder, "node_modules", "onnxruntime-node"))),
    undefined,
  ];
  let reason = `onnxruntime-node is not installed: ${setup}`;
  for (const base of bases) {
    const found = openFrom(
      base === undefined ? import.meta.url : pathToFileURL(join(base, "package.json")).href,
      threads,
    );
    if (typeof found !== "string") return found;
    if (found !== "") {
      reason = found;
      break;
    }
  }
  return reason;
}

/** The runtime as seen from `base`; an empty text says that it is not there, another one why it is of no use. */
function openFrom(base: string, threads: number): OnnxRuntime | string {
  const require = createRequire(base);
  try {
    require.resolve("onnxruntime-node");
  } catch {
    return "";
  }
  try {
    const ort = require("onnxruntime-node") as OrtModule; // both packages implement onnxruntime-common
    const version = ort.env.versions.node ?? "of an unknown version";
    if (version !== nativeRuntimeVersion)
      return `onnxruntime-node ${version} is installed, ${nativeRuntimeVersion} is needed: ${setup}`;
    // Before the first session: messages on stderr while a provider is tried follow this level alone.
    ort.env.logLevel = "fatal";
    return adapt(ort, version, threads);
  } catch (cause) {
    return `onnxruntime-node cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

function adapt(ort: OrtModule, version: string, threads: number): OnnxRuntime {
  return {
    describe: () => ({
      runtime: `onnxruntime-node ${version}`,
      platform: `${process.platform}/${process.arch}`,
      options: sessionOptionsText(threads),
    }),
    createSession: (model, provider, weights) =>
      createOrtSession(ort, {
        model,
        provider,
        ...(weights === undefined ? {} : { weights }),
        threads,
        weightsFrom: "folder",
      }),
  };
}
