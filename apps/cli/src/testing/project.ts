/** A throw-away project with one agent in WebAssembly text, and the command line as a subprocess. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import wabt from "wabt";
import { residentCommandLine } from "./resident-command-line.js";

const binary = fileURLToPath(new URL("../../bin/wasm-engine.js", import.meta.url));

/**
 * Publishes every message it gets under the message's own topic, logs "seen", counts in its memory and describes the
 * count as one digit. Topic "boom" traps.
 */
const echoText = `(module
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (import "wasm_engine" "log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "seen")
  (data (i32.const 32) "\\0b\\00\\00\\00{\\"count\\":0}")
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_receive") (param $message i32) (result i32)
    (if (i32.eq (i32.load16_u offset=4 (local.get $message)) (i32.const 6)) (then (return (i32.const 0))))
    (if (i32.eq (i32.load offset=48 (local.get $message)) (i32.const 0x6d6f6f62)) (then (unreachable)))
    (i32.store8 (i32.const 45) (i32.add (i32.load8_u (i32.const 45)) (i32.const 1)))
    (i64.store offset=24 (local.get $message) (i64.const 0))
    (i64.store offset=16 (local.get $message) (i64.const 0))
    (i32.store8 offset=7 (local.get $message) (i32.const 0))
    (drop (call $publish (local.get $message)))
    (drop (call $log (i32.const 1) (i32.const 16) (i32.const 4)))
    (i32.const 0))
  (func (export "agent_describe") (result i32) (i32.const 32)))`;

const configuration = `version: 1
name: echoes
seed: 7
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle }
stateHashEvery: 4
modules: { echo: ./echo.wasm }
agents:
  - { id: left, module: echo, capabilities: { topics: ["*"] } }
  - { id: right, module: echo, capabilities: { topics: ["*"] } }
inputs: [{ file: ./inputs.jsonl, at: tick, to: "{to}", topic: word }]
outputs: [{ topic: word, file: out/words.jsonl }]
trust: { allowUnsigned: true }
`;

const inputs = Array.from({ length: 9 }, (_, tick) =>
  JSON.stringify({ tick, to: tick % 3 === 0 ? "left" : "right", word: `w${tick}` }),
).join("\n");

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON document. */
  readonly document: Record<string, unknown>;
}

export interface Project {
  readonly folder: string;
  write(name: string, text: string | Uint8Array): void;
  /** Runs a command in the project's folder, within this process: for what verbs do. */
  cli(...args: readonly string[]): Result;
  /** The same as a process of its own: for what a process adds. */
  process(...args: readonly string[]): Result;
  /** As a process with this text on standard input. */
  feed(input: string, ...args: readonly string[]): Result;
  remove(): void;
}

/** In `folder`, or in one of its own. */
export async function echoProject(
  folder: string = mkdtempSync(join(tmpdir(), "wasm-engine-cli-")),
): Promise<Project> {
  const write = (name: string, text: string | Uint8Array): void => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const parsed = (await wabt()).parseWat("echo.wat", echoText);
  write("echo.wasm", new Uint8Array(parsed.toBinary({}).buffer));
  parsed.destroy();
  write("engine.yaml", configuration);
  write("inputs.jsonl", inputs);
  return {
    folder,
    write,
    cli: (...args) => {
      const said = residentCommandLine()(folder, args);
      return { ...said, document: parsedDocument(said.stdout) };
    },
    process: (...args) => execute(folder, args, ""),
    feed: (input, ...args) => execute(folder, args, input),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function execute(cwd: string, args: readonly string[], input: string): Result {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv.filter(isV8Tier), binary, ...args],
    {
      cwd,
      input,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
    },
  );
  return { code: status, stdout, stderr, document: parsedDocument(stdout) };
}

const isV8Tier = (flag: string): boolean => flag === "--liftoff-only" || flag === "--no-liftoff";

function parsedDocument(stdout: string): Record<string, unknown> {
  try {
    return JSON.parse(stdout) as Record<string, unknown>; // a test's expectation
  } catch {
    return {};
  }
}
