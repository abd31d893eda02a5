/** The thread of adapters that never gets ready: given up, and ended. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LocalThreadHost } from "../threads/thread-host.js";
import { AdapterHost } from "./adapter-host.js";

test("[G10] a tool that loops in its top level is named, and its thread is ended", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-adapters-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "looping.mjs");
  writeFileSync(path, "for (;;);\nexport default () => 1;\n");
  const threads = new LocalThreadHost();
  const adapters = new AdapterHost({
    setups: [
      { kind: "tool", serves: "tool", name: "looping", path, timeoutMs: 1000, reuse: false, secrets: {} },
    ],
    options: { baseDirectory: folder, askAnew: false },
    host: threads,
    program: { line: () => undefined, call: () => undefined, abort: () => undefined },
    loadMsMax: 500,
  });
  const untilLoaded = async (): Promise<void> => {
    while (!adapters.isLoaded) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await assert.rejects(untilLoaded(), {
    code: "WE_ADAPTER_SLOW",
    exitCode: 4,
    message: "Tools and models are not loaded after 0.5 seconds: looping",
  });
  // Without this the process of the test would never end.
  adapters.close();
});
