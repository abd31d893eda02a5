/** `setup native | cuda`: installs the native inference runtime into the project. Nothing else ever downloads it. */

import { resolve } from "node:path";
import { installNativeRuntime, isNativeRuntimeInstalled, nativeRuntimeVersion } from "@wasm-engine/inference";
import type { CommandFunction } from "../command.js";
import { textOption } from "../command.js";
import { usageError } from "../errors.js";

/** Where worlds look for the runtime, below the folder of their configuration. */
const nativeFolder = [".wasm-engine", "native"] as const;

const downloads = {
  native: `onnxruntime-node ${nativeRuntimeVersion} from the npm registry, about 115 MB (290 MB unpacked); its install script is not run`,
  cuda: `besides the package, its own install script downloads the CUDA 12 libraries (several hundred MB) from the host that it names; Linux on x64 only`,
} as const;

export const setup: CommandFunction = async ({ parsed, reporter }) => {
  const [what = ""] = parsed.arguments;
  if (what !== "native" && what !== "cuda")
    throw usageError("setup", `setup knows native and cuda, not ${JSON.stringify(what)}`);
  const folder = resolve(textOption(parsed, "dir") ?? ".", ...nativeFolder);
  const wasInstalled = isNativeRuntimeInstalled(folder);
  if (!wasInstalled) reporter.note(`fetching ${downloads.native}`);
  if (what === "cuda") reporter.note(downloads.cuda);
  await installNativeRuntime(folder, { cuda: what === "cuda" });
  const document = { what, folder, version: nativeRuntimeVersion, wasInstalled };
  const done = wasInstalled ? "was there already" : "is installed";
  const lines = [
    `onnxruntime-node ${nativeRuntimeVersion} ${done} in ${folder}`,
    "next       wasm-engine doctor, then name providers in engine.yaml: inference: { providers: [cpu, wasm] }",
  ];
  return { document, text: lines.join("\n") };
};
