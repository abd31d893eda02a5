/** What esbuild complains about, as coded errors with place and line of text. */

import { isBuiltin } from "node:module";
import { assert } from "@wasm-engine/abi";
import type { EngineError } from "@wasm-engine/abi";
import type { BuildFailure, Message } from "esbuild";
import { javaScriptError } from "./errors.js";
import { shortened } from "./source-position.js";

/** Complaints shown besides the first. */
const complaintsMax = 9;

export function isBuildFailure(error: unknown): error is BuildFailure {
  return (
    error instanceof Error && "errors" in error && Array.isArray(error.errors) && error.errors.length > 0
  );
}

/** @param folder of the entry; paths in messages are relative to it */
export function bundlingError(failure: BuildFailure, folder: string): EngineError {
  const [first] = failure.errors;
  assert(first !== undefined, "a failure has an error");
  const line = shortened(first.location?.lineText ?? "");
  const place = placeIn(first);
  const missing = /^Could not resolve "(.*)"$/.exec(first.text)?.[1];
  if (missing !== undefined && isBuiltin(missing))
    return javaScriptError("WE_JAVASCRIPT_NODE_IMPORT", { place, name: missing, line });
  const others = failure.errors
    .slice(1, 1 + complaintsMax)
    .map((error) => `${placeIn(error)}: ${error.text}`);
  const cause = first.text.replaceAll(folder, ".");
  return javaScriptError("WE_JAVASCRIPT_BUILD", { place, cause, line, others: others.join("\n") });
}

function placeIn({ location }: Message): string {
  return location === null ? "agent" : `${location.file}:${location.line}:${location.column + 1}`;
}
