/** `logs RUN`: agents' console lines, recomputed by replay. */

import { logsOfRun, resolveRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { integerOption, textOption } from "../command.js";

export const logs: CommandFunction = async ({ parsed, signal }) => {
  const agent = textOption(parsed, "agent");
  const from = integerOption(parsed, "from");
  const to = integerOption(parsed, "to");
  const lines = await logsOfRun(resolveRun(parsed.arguments[0] ?? ""), {
    ...(agent === undefined ? {} : { agent }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    signal,
  });
  const text = lines
    .map((line) => `${line.tick}  ${line.agentId}  ${line.level}  ${visible(line.text)}`)
    .join("\n");
  return { document: { lines }, text };
};

/** Guests write these lines: control characters must not reach a terminal. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\u{fffd}");
}
