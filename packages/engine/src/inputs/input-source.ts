/** Opens input sources: the one place that tells a file from standard input. */

import type { OpenInputSource } from "../world/contract.js";
import { FileInputSource } from "./file-input-source.js";
import { StreamInputSource } from "./stream-input-source.js";

/**
 * The source of `spec`. For "-" it is a {@link StreamInputSource} fed from this process's standard input.
 * @throws {WE_INPUT_READ} {WE_INPUT_SYNTAX} {WE_INPUT_TIME} {WE_INPUT_CHANGED}
 */
export const openInputSource: OpenInputSource = (spec, genesis) => {
  if (spec.path !== "-") return new FileInputSource(spec, genesis);
  const source = new StreamInputSource(spec, genesis);
  process.stdin.on("data", (chunk: Buffer) => source.push(chunk));
  process.stdin.on("end", () => source.end());
  process.stdin.on("error", () => source.end());
  return source;
};
