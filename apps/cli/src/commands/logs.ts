/** `logs RUN`: agents' console lines and faults, recomputed by replay. */

import { followRun, logsOfRun } from "@wasm-engine/engine";
import type { ConsoleLine } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { visible } from "../visible.js";

export const logs: CommandFunction = async ({ parsed, reporter, signal }) => {
  const agent = textOption(parsed, "agent");
  const at = integerOption(parsed, "at");
  const from = at ?? integerOption(parsed, "from");
  const to = at ?? integerOption(parsed, "to");
  if (flagOption(parsed, "follow")) {
    await using run = await followRun(parsed.arguments[0] ?? "", { signal });
    const filter = {
      ...(agent === undefined ? {} : { agent }),
      ...(from === undefined ? {} : { fromTick: from }),
      ...(to === undefined ? {} : { toTick: to }),
    };
    for await (const line of run.lines(filter, { follow: true })) reporter.row(line, lineText(line));
    return { document: {}, text: "", streamed: true };
  }
  const lines = await logsOfRun(parsed.arguments[0] ?? "", {
    ...(agent === undefined ? {} : { agent }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    signal,
  });
  if (lines.length === 0 && agent !== undefined)
    reporter.note(`agent ${JSON.stringify(agent)} wrote nothing in these ticks, or is none: names are exact`);
  return { document: { lines }, text: lines.map(lineText).join("\n") };
};

function lineText({ tick, agentId, level, text }: ConsoleLine): string {
  return `${tick}  ${agentId}  ${level}  ${visible(text)}`;
}
