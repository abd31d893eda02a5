/**
 * Installs what some tests need and a fresh machine lacks: `npm run build && node scripts/dist/install-test-tools.js`.
 * Says what it does and what it leaves out. Every test that needs one of these says so where it is skipped.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EngineError } from "@wasm-engine/abi";
import { installNativeRuntime, isNativeRuntimeInstalled, nativeRuntimeVersion } from "@wasm-engine/inference";
import { chromiumPackage, installedChromium } from "./browser/chromium.js";
import { missingCCompiler } from "./sdk/c-modules.js";
import { missingBaseTools, toolsFolder } from "./sdk/quickjs-base.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const left: string[] = [];

function attempt(command: string, parameters: readonly string[], folder = root): boolean {
  console.log(`> ${command} ${parameters.join(" ")}`);
  return spawnSync(command, parameters, { cwd: folder, stdio: "inherit" }).status === 0;
}

/** By the system's own package tool, where that is apt-get and the user may. */
function installPackages(packages: readonly string[]): void {
  const install = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (spawnSync("apt-get", ["--version"]).status !== 0) {
    left.push(
      `${packages.join(", ")}: this is no Debian or Ubuntu; install them with the system's own package tool`,
    );
  } else if (process.getuid?.() !== 0) {
    left.push(`${packages.join(", ")}: not root; run: sudo ${install}`);
  } else {
    const updated = attempt("apt-get", ["update", "-qq"]);
    const installed =
      updated && attempt("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages]);
    if (!installed) left.push(`${packages.join(", ")}: apt-get failed, see above`);
  }
}

function installCCompiler(): void {
  const missing = missingCCompiler();
  if (missing === undefined)
    return console.log("clang-14 and lld-14 are there: committed modules are compared with their sources");
  console.log(`${missing}: it compiles agents in C, which are committed as modules too`);
  installPackages(["clang-14", "lld-14"]);
}

function installBrowser(): void {
  if (installedChromium() !== undefined)
    return console.log("Chromium is there: packages/wasm is tested in a browser");
  console.log(
    `${chromiumPackage}: a browser, in which packages/wasm validates, instruments, signs and verifies`,
  );
  installPackages([chromiumPackage]);
}

function installBaseTools(): void {
  if (missingBaseTools(root) === undefined)
    return console.log(`${toolsFolder} is installed: the QuickJS base is built anew`);
  console.log(`${toolsFolder}: quickjs-wasi and binaryen, which the QuickJS base is made from`);
  const installed = attempt(
    "npm",
    ["ci", "--no-fund", "--no-audit", "--loglevel=error"],
    `${root}/${toolsFolder}`,
  );
  if (!installed) left.push(`${toolsFolder}: npm ci failed, see above`);
}

/** Where `wasm-engine setup native` puts it in a project: kept out of git and of the root installation. */
async function installNativeModels(): Promise<void> {
  const folder = ".wasm-engine/native";
  const name = `onnxruntime-node ${nativeRuntimeVersion}`;
  if (isNativeRuntimeInstalled(`${root}/${folder}`))
    return console.log(`${folder} is installed: models are tested on native providers too`);
  console.log(`${folder}: ${name} (288 MB), which runs models on native providers`);
  try {
    await installNativeRuntime(`${root}/${folder}`, { output: "inherit" });
  } catch (error) {
    if (!EngineError.is(error) || error.code !== "WE_NATIVE_INSTALL") throw error;
    left.push(`${folder}: ${error.message}`);
  }
}

installCCompiler();
installBrowser();
installBaseTools();
await installNativeModels();
console.log(
  left.length === 0 ? "\nEverything is there." : `\nLeft out; the tests that need it are skipped and say so:`,
);
for (const line of left) console.log(`- ${line}`);
process.exitCode = left.length === 0 ? 0 : 4;
