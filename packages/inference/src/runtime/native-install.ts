/** Installs onnxruntime-node into a folder of its own. Used by `wasm-engine setup native` and by the test tools. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inferenceError } from "../errors.js";
import { nativeRuntimeVersion } from "./native-runtime.js";

export interface NativeInstallOptions {
  /** What npm prints goes there; default `ignore`. */
  readonly output?: "inherit" | "ignore";
  /** Libraries of CUDA 12 too, which the package's own script downloads. Only Linux on x64 has them. */
  readonly cuda?: boolean;
  /** Added to the environment of npm. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** True where the version that this adapter needs lies in `folder`. */
export function isNativeRuntimeInstalled(folder: string): boolean {
  return existsSync(join(folder, "node_modules", "onnxruntime-node", `.installed-${nativeRuntimeVersion}`));
}

/**
 * Installs with npm into `folder`, without running install scripts: processor and WebGPU libraries are in the package.
 * Does nothing where it is there already.
 * @throws {WE_NATIVE_INSTALL}
 */
export async function installNativeRuntime(
  folder: string,
  options: NativeInstallOptions = {},
): Promise<void> {
  const packageFolder = join(folder, "node_modules", "onnxruntime-node");
  if (!isNativeRuntimeInstalled(folder)) {
    mkdirSync(folder, { recursive: true });
    const project = { private: true, dependencies: { "onnxruntime-node": nativeRuntimeVersion } };
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(project, null, 2)}\n`);
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder];
    await runProgram(folder, ["npm", "install", ...flags], options);
    if (!existsSync(packageFolder)) throw failed(folder, "npm ended well, but the package is not there");
    // Written last: an installation that was interrupted does not count as one.
    writeFileSync(join(packageFolder, `.installed-${nativeRuntimeVersion}`), "");
  }
  if (options.cuda === true)
    await runProgram(
      packageFolder,
      [process.execPath, join("script", "install.js"), "--onnxruntime-node-install=cuda12"],
      options,
    );
}

function runProgram(
  folder: string,
  [program = "", ...parameters]: readonly string[],
  { output = "ignore", environment = {} }: NativeInstallOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const windows = process.platform === "win32" && program === "npm";
    const child = spawn(program, parameters, {
      cwd: folder,
      stdio: ["ignore", output, output === "ignore" ? "pipe" : output],
      env: { ...process.env, ...environment },
      // npm is a batch file there, which only a shell starts.
      shell: windows,
    });
    let complaint = "";
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (complaint = `${complaint}${text}`.slice(0, 4096)));
    child.on("error", (cause) => reject(failed(folder, `${program} cannot be started: ${cause.message}`)));
    child.on("close", (status) => {
      if (status === 0) return resolve();
      const [line = ""] = complaint.split("\n").filter((text) => text.trim() !== "");
      reject(
        failed(folder, `${program} ended with ${String(status)}${line === "" ? "" : `: ${line.trim()}`}`),
      );
    });
  });
}

function failed(path: string, cause: string): Error {
  return inferenceError("WE_NATIVE_INSTALL", { path, cause });
}
