/** `trace RUN`: what happened, event by event, in the order of the world. */

import { followRun } from "@wasm-engine/engine";
import type { TraceFilter, TraceRow } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { visible } from "../visible.js";

export const trace: CommandFunction = async ({ parsed, reporter, signal }) => {
  await using run = await followRun(parsed.arguments[0] ?? "", { signal });
  const filter = traceFilter(parsed);
  const follow = flagOption(parsed, "follow");
  const rows: TraceRow[] = [];
  for await (const row of run.trace(filter, { follow })) {
    if (follow) reporter.row(row, rowText(row));
    else rows.push(row);
  }
  const { asOfTick, firstTick } = await run.status();
  if ((filter.fromTick ?? 0) < firstTick)
    reporter.note(`the run begins after tick ${firstTick - 1}: compact gave up what came before`);
  if (rows.length === 0 && !follow) reporter.note("no event passes: names of agents and topics are exact");
  const document = { asOfTick, events: rows };
  return follow
    ? { document, text: "", streamed: true }
    : { document, text: [...rows.map(rowText), `as of tick ${asOfTick}`].join("\n") };
};

/** Options that choose events. */
export function traceFilter(parsed: Parsed): TraceFilter {
  const [agent, from, to, topic] = ["agent", "from", "to", "topic"].map((name) => textOption(parsed, name));
  const [fromTick, toTick] = ["since", "until"].map((name) => integerOption(parsed, name));
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(topic === undefined ? {} : { topic }),
    ...(fromTick === undefined ? {} : { fromTick }),
    ...(toTick === undefined ? {} : { toTick }),
  };
}

/** `120  ORD:12  ORD sent arbiter statement`. */
export function rowText(row: TraceRow): string {
  const { tick, id, agentId, kind, peer, topic, detail, text } = row;
  const from = kind === "received" && peer !== "" ? `from ${peer}` : peer;
  const words = [agentId, kind, from, topic, detail === undefined ? "" : `(${detail})`];
  const said = text === undefined ? "" : visible(text);
  return `${tick}  ${id}  ${[...words, said].filter((word) => word !== "").join(" ")}`;
}
