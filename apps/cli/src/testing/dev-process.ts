/** The verb `dev` as a child process whose lines a test waits for. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const binary = fileURLToPath(new URL("../../bin/wasm-engine.js", import.meta.url));
/** Generous: a loaded machine builds agents slowly. Nothing is asserted about time. */
const patienceMs = 120_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class DevProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";
  /** Where the next wait begins: everything before has been waited for. */
  #seen = 0;
  #heard: () => void = () => undefined;

  constructor(cwd: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [binary, "dev", ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.#stdout += bytes.toString();
      this.#heard();
    });
    this.#child.stderr?.on("data", (bytes: Buffer) => (this.#stderr += bytes.toString()));
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#heard();
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits for a line after those that were waited for before; returns everything up to its end. */
  async until(pattern: RegExp): Promise<string> {
    const startedMs = performance.now();
    for (;;) {
      const text = this.#stdout.slice(this.#seen);
      const match = pattern.exec(text);
      if (match !== null) {
        const lineEnd = text.indexOf("\n", match.index + match[0].length);
        const end = lineEnd === -1 ? text.length : lineEnd + 1;
        this.#seen += end;
        return text.slice(0, end);
      }
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
      const isLate = performance.now() - startedMs > patienceMs;
      assert.ok(!isOver && !isLate, `no ${String(pattern)} in:\n${this.#stdout}\n${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ctrl-C as a terminal sends it, to the whole process group. */
  interrupt(): Promise<Ended> {
    process.kill(-this.pid, "SIGINT");
    return this.ended;
  }

  /** Nothing of the process group is left. */
  async remove(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.pid, "SIGKILL");
    await this.ended;
  }
}

export interface DevProject {
  readonly folder: string;
  write(name: string, text: string): void;
  remove(): void;
}

export function devProject(files: Readonly<Record<string, string>>): DevProject {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-dev-"));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
