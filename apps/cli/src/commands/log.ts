/** `log RUN`: the records as they lie on disk. */

import type { Commit, Input, LogBase, LogRecord } from "@wasm-engine/core";
import { recordsOfRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, integerOption } from "../command.js";
import { hex } from "../hex.js";

export const log: CommandFunction = async ({ parsed, reporter, signal }) => {
  const from = integerOption(parsed, "from") ?? 0;
  const to = integerOption(parsed, "to") ?? Infinity;
  const follow = flagOption(parsed, "follow");
  const rows: unknown[] = [];
  const lines: string[] = [];
  for await (const record of recordsOfRun(parsed.arguments[0] ?? "", undefined, { from, to })) {
    if (signal.aborted) break;
    const row = rowOf(record);
    const line = `${String(record.record).padStart(8)}  ${record.kind.padEnd(8)}${describe(record)}`;
    if (follow) {
      reporter.row(row, line);
    } else {
      rows.push(row);
      lines.push(line);
    }
  }
  return { document: { records: rows }, text: lines.join("\n"), streamed: follow };
};

function rowOf(record: LogRecord): unknown {
  if (record.kind !== "commit") return record;
  const { inputs, ...rest } = record;
  return { ...rest, inputs: inputs.length };
}

function describe(record: LogRecord): string {
  switch (record.kind) {
    case "genesis":
      return `${record.genesis.name}, seed ${record.genesis.seed}, ${record.genesis.agents.length} agents`;
    case "base":
      return baseText(record.base);
    case "input":
      return `tick ${record.input.tick}  #${record.input.seq}  ${inputText(record.input)}`;
    case "commit":
      return commitText(record.commit);
    case "head":
      return hex(record.chainHead);
    case "close":
      return `tick ${record.reachedTick}  ${hex(record.chainHead)}`;
  }
}

function baseText({ tick, chainHead, state }: LogBase): string {
  return `after tick ${tick}, ${state.records} records are gone  ${hex(chainHead)}`;
}

function commitText({ tick, fuel, effectsDigest, stateHash }: Commit): string {
  const state = stateHash === undefined ? "" : `  state ${hex(stateHash).slice(0, 16)}`;
  return `tick ${tick}  fuel ${fuel}  effects ${hex(effectsDigest).slice(0, 16)}${state}`;
}

function inputText({ body }: Input): string {
  const payload = "payload" in body ? `  ${payloadText(body.payload)}` : "";
  if (body.kind === "message") return `to ${body.to}  ${body.topic}${payload}`;
  if (body.kind === "publish") return `on ${body.topic}${payload}`;
  if (body.kind === "model-swapped") return `${body.kind} ${body.model} to ${body.by}`;
  return `${body.kind}${"agent" in body ? ` ${body.agent}` : ""}${payload}`;
}

/** The beginning of a payload; it comes from outside, so nothing but printable text is shown. */
function payloadText(payload: Uint8Array): string {
  return Buffer.from(payload.subarray(0, 80))
    .toString("utf8")
    .replace(/[^\x20-\x7e]/g, ".");
}
