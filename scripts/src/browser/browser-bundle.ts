/** packages/wasm as one script for a page: no module loader, nothing of Node. */

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type * as Esbuild from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
// esbuild belongs to the JavaScript SDK: the same program, the same pin.
const { build } = createRequire(`${root}/sdk/javascript/package.json`)("esbuild") as typeof Esbuild; // its own types

/** A script that defines `page.browserCheck`; an import of node: would refuse to bundle. */
export async function browserBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}/packages/wasm/dist/testing/browser-check.js`],
    bundle: true,
    format: "iife",
    globalName: "page",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
