/** Compiles AssemblyScript agents in this process, as an author's `asc` call does. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { repositoryRoot } from "./repository.js";

/** Bytes of the module that `source` (path from the repository's root) compiles to. */
export async function compileAssemblyScript(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-asc-"));
  try {
    const output = join(folder, "agent.wasm");
    const { error, stderr } = await asc.main([
      source,
      ...["--baseDir", repositoryRoot, "--runtime", "incremental", "--use", "abort="],
      ...["--exportStart", "_initialize", "-O3s", "-o", output],
    ]);
    // The in-memory stream of the compiler offers its text by toString.
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- see above
    assert.equal(error, null, stderr.toString());
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
