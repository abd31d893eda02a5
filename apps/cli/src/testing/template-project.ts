/** Projects made by `init` in a temporary folder, with the repository's packages linked instead of installed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const binary = fileURLToPath(new URL("../../bin/wasm-engine.js", import.meta.url));
const packages = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON document; empty where it is none. */
  readonly document: Readonly<Record<string, unknown>>;
}

export interface Workbench {
  readonly folder: string;
  /** The command line in `folder`, or in one below it. */
  cli(words: readonly string[], options?: { readonly below?: string; readonly path?: string }): Ended;
  /** A program in the folder `below`. */
  execute(below: string, words: readonly string[]): Ended;
  /** `init`, and the packages of the repository in place of those that npm would install. */
  project(name: string, template: string): Ended;
  remove(): void;
}

export function workbench(): Workbench {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "wasm-engine-init-")));
  const cli: Workbench["cli"] = (words, { below = "", path } = {}) => {
    const first = path === undefined ? {} : { PATH: `${path}${delimiter}${process.env["PATH"] ?? ""}` };
    return execute(join(folder, below), [process.execPath, binary, ...words], first);
  };
  return {
    folder,
    cli,
    execute: (below, words) => execute(join(folder, below), words, {}),
    project: (name, template) => {
      const made = cli(["init", name, "--template", template, "--no-install", "--json"]);
      assert.equal(made.code, 0, made.stderr);
      symlinkSync(packages, join(folder, name, "node_modules"), "junction");
      return made;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function execute(cwd: string, words: readonly string[], environment: NodeJS.ProcessEnv): Ended {
  const [program = "", ...parameters] = words;
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd,
    input: "",
    encoding: "utf8",
    shell: process.platform === "win32",
    env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "", ...environment },
  });
  return {
    code: status,
    stdout,
    stderr: error === undefined ? stderr : error.message,
    document: parsed(stdout),
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>; // a test's expectation
  } catch {
    return {};
  }
}
