/** Installs the hooks of source-loader.ts in the process that imports it: `node --import …/source-hooks.js`. */

import * as nodeModule from "node:module";
import { load, resolve } from "./source-loader.js";

/** Node 22.15 and later run hooks in the thread that loads. */
interface HookRegistry {
  registerHooks?(hooks: { readonly load: typeof load; readonly resolve: typeof resolve }): void;
}

const registry: HookRegistry = nodeModule as HookRegistry; // newer than the types
if (registry.registerHooks !== undefined) registry.registerHooks({ load, resolve });
else nodeModule.register("./source-loader.js", import.meta.url);
