/**
 * How `assets/quickjs/quickjs-agent-base.wasm` is made: the glue is compiled, merged with the QuickJS reactor,
 * and everything that nothing reaches is removed. The steps are here, the command line is in build-quickjs-base.ts.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "@wasm-engine/abi";
import { cEnvironment } from "@wasm-engine/engine";
import { cCompiler } from "./c-modules.js";
import { renameImportModules } from "./import-names.js";

export const baseAsset = "assets/quickjs/quickjs-agent-base.wasm";
export const toolsFolder = "assets/quickjs/build";

/** What the finished base exports; everything else is unreachable and goes. `load*` go when an agent is made. */
const baseExports = [
  ...[
    "memory",
    "agent_alloc",
    "agent_init",
    "agent_receive",
    "agent_step",
    "agent_shutdown",
    "agent_describe",
    "agent_export_state",
    "agent_import_state",
  ],
  ...["load", "load_alloc", "load_compile", "load_compile_prelude", "load_compiled_bytes"],
];

/** Not `--all-features`: binaryen then writes sections that Node 20 does not read. */
const features = [
  ...["--mvp-features", "--enable-bulk-memory", "--enable-bulk-memory-opt", "--enable-sign-ext"],
  ...["--enable-nontrapping-float-to-int", "--enable-mutable-globals", "--enable-multivalue"],
  "--enable-reference-types",
];

/** Undefined where the npm project of the tools is installed. */
export function missingBaseTools(root: string): string | undefined {
  const installed = existsSync(join(root, toolsFolder, "node_modules/quickjs-wasi/quickjs.wasm"));
  return installed ? undefined : `run \`npm ci\` in ${toolsFolder}`;
}

/** Builds the base in `folder`, which is empty; its bytes. */
export function buildQuickJsBase(root: string, folder: string): Uint8Array {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("prelude.inc"), preludeText(root));
  run(cCompiler, [
    ...["--target=wasm32", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Os", "-ffreestanding", "-nostdlib"],
    ...["-mbulk-memory", `-I${folder}`, "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--import-memory"],
    ...[
      "-Wl,--stack-first",
      "-Wl,-z,stack-size=32768",
      join(root, "sdk/javascript/guest/glue.c"),
      "-o",
      at("glue0.wasm"),
    ],
  ]);
  const glue = renameImportModules(readFileSync(at("glue0.wasm")), (module, name) =>
    name === "memory" ? "quickjs" : module,
  );
  writeFileSync(at("glue.wasm"), glue);
  const reactor = readFileSync(join(root, toolsFolder, "node_modules/quickjs-wasi/quickjs.wasm"));
  writeFileSync(
    at("reactor.wasm"),
    renameImportModules(reactor, () => "glue"),
  );
  const tool = (name: string): string => join(root, toolsFolder, "node_modules/.bin", name);
  run(tool("wasm-merge"), [
    at("reactor.wasm"),
    "quickjs",
    at("glue.wasm"),
    "glue",
    "-o",
    at("merged.wasm"),
    ...features,
  ]);
  writeFileSync(at("graph.json"), JSON.stringify(exportGraph()));
  run(tool("wasm-metadce"), [
    at("merged.wasm"),
    `--graph-file=${at("graph.json")}`,
    "-o",
    at("reached.wasm"),
    ...features,
  ]);
  run(tool("wasm-opt"), [
    "-Os",
    "--strip-debug",
    "--strip-producers",
    at("reached.wasm"),
    "-o",
    at("base.wasm"),
    ...features,
  ]);
  return readFileSync(at("base.wasm"));
}

/** Files of `guest` that are placed before the prelude, in this order. */
const declarations = [
  "constants",
  "tensor",
  "plain-data",
  "json-schema",
  "web-text",
  "web-url",
  "platform",
] as const;

/** Declarations and prelude as one expression, as the content of a C string literal. */
function preludeText(root: string): string {
  const text = (name: string): string => readFileSync(join(root, `sdk/javascript/guest/${name}.js`), "utf8");
  const lines = `(() => {\n${declarations.map(text).join("\n")}\nreturn ${withoutHeader(text("prelude"))}})()`
    .split("\n")
    .map((line) => line.trim());
  const kept = lines.filter((line) => line !== "" && !line.startsWith("//") && !/^\/\*\*.*\*\/$/.test(line));
  // Two question marks may begin a trigraph in C.
  return kept.map((line) => JSON.stringify(`${line}\n`).replaceAll("??", "?\\?")).join("\n");
}

/** The file header stands before the expression, where `return` would end the statement. */
function withoutHeader(source: string): string {
  return source.replace(/^(\/\/.*\n)+/, "");
}

function exportGraph(): object[] {
  return baseExports.map((name) => ({ name: `export ${name}`, root: true, export: name }));
}

function run(command: string, parameters: readonly string[]): void {
  const result = spawnSync(command, parameters, { encoding: "utf8", env: cEnvironment(command) });
  const diagnostics = result.error?.message ?? result.stderr;
  assert(result.status === 0, `${command} succeeds: ${diagnostics}`);
}
