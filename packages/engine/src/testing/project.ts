/** Projects for tests: a folder with files, and the smallest agent there is. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import wabt from "wabt";

/** Every entry point, no import, does nothing. `extra` goes into the module. */
export function smallAgentText(extra = ""): string {
  const entries = ["agent_step", "agent_receive", "agent_alloc"].map(
    (name) => `(func (export "${name}") (param i32) (result i32) (i32.const 0))`,
  );
  const bare = ["agent_init", "agent_shutdown"].map(
    (name) => `(func (export "${name}") (result i32) (i32.const 0))`,
  );
  return `(module ${extra} (memory (export "memory") 1) ${[...entries, ...bare].join(" ")})`;
}

/** WebAssembly text to bytes. */
export async function assemble(text: string): Promise<Uint8Array> {
  const assembler = await wabt();
  const module = assembler.parseWat("test.wat", text);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** A folder with these files, removed when the test ends. */
export function projectFolder(
  context: TestContext,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): string {
  const directory = mkdtempSync(join(tmpdir(), "wasm-engine-test-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}
