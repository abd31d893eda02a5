/**
 * Preloaded into every process of a command (`NODE_OPTIONS=--import …`): writes the path of each file that is loaded as
 * a module to the file that WASM_ENGINE_MODULE_LIST names.
 */

import { appendFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import type { LoadHook } from "node:module";

const list = process.env["WASM_ENGINE_MODULE_LIST"] ?? "";

/** Runs in the thread of the hooks. */
export const load: LoadHook = (url, context, next) => {
  if (url.startsWith("file:")) appendFileSync(list, `${fileURLToPath(url)}\n`);
  return next(url, context);
};

if (isMainThread) {
  register(import.meta.url);
  const { cache } = createRequire(import.meta.url);
  process.on("exit", () =>
    appendFileSync(
      list,
      Object.keys(cache)
        .map((path) => `${path}\n`)
        .join(""),
    ),
  );
}
