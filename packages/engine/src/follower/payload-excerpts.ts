/** What the links of a chain said. The index holds none of it: inputs are in the log, the rest is executed again. */

import { EffectKind, decodeMessage } from "@wasm-engine/abi";
import type { Encoding } from "@wasm-engine/abi";
import type { Input } from "@wasm-engine/core";
import type { RecordedRun } from "../replay/track.js";
import { readablePayload } from "../world/payload.js";
import type { EventIndex } from "./event-index.js";
import { excerptCharactersMax } from "./limits.js";
import { TraceKind, inputNames } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";
import { watchTicks } from "./watched-ticks.js";

/** Excerpts by number of the event. */
export function payloadExcerpts(
  run: RecordedRun,
  index: EventIndex,
  events: readonly NumberedEvent[],
): ReadonlyMap<number, string> {
  const excerpts = new Map<number, string>();
  readInputs(run, events, excerpts);
  const wanted = events.filter(isCarrier);
  if (wanted.length === 0) return excerpts;
  // A turn of several slices is executed before its effects become visible: some ticks earlier are watched as well.
  const ticks = wanted.map(({ tick }) => tick);
  const from = Math.max(0, Math.min(...ticks) - slackTicks);
  const open = new Map(wanted.map((event) => [keyOf(index, event), event.event]));
  watchTicks(run, { from, to: Math.max(...ticks) }, ({ turns, idOf }) => {
    for (const { agent, invocations, effects } of turns) {
      const id = idOf(agent) ?? "";
      for (const { message } of invocations) {
        if (message === undefined || message.correlationId === 0) continue;
        const event = open.get(`answer ${id} ${message.correlationId}`);
        if (event !== undefined) excerpts.set(event, excerpt(message.encoding, message.payload));
      }
      for (const { kind, requestId, body } of effects) {
        if (!carrierKinds.has(kind)) continue;
        const { messageId, encoding, payload } = decodeMessage(body);
        const event = open.get(`message ${id} ${messageId}`) ?? open.get(`request ${id} ${requestId}`);
        if (event !== undefined) excerpts.set(event, excerpt(encoding, payload));
      }
    }
  });
  return excerpts;
}

const slackTicks = 64;

const carrierKinds: ReadonlySet<number> = new Set([
  EffectKind.SEND,
  EffectKind.PUBLISH,
  EffectKind.INFER,
  EffectKind.CALL_TOOL,
  EffectKind.TASK,
]);

function isCarrier({ kind, value, request }: NumberedEvent): boolean {
  if (kind === TraceKind.INVOCATION) return request > 0;
  return kind === TraceKind.EFFECT && carrierKinds.has(value);
}

function keyOf(index: EventIndex, { kind, agent, number, request }: NumberedEvent): string {
  const id = index.name(agent);
  if (kind === TraceKind.INVOCATION) return `answer ${id} ${request}`;
  return number > 0 ? `message ${id} ${number}` : `request ${id} ${request}`;
}

function readInputs(run: RecordedRun, events: readonly NumberedEvent[], excerpts: Map<number, string>): void {
  const wanted = new Map(
    events.filter(({ kind }) => kind === TraceKind.INPUT).map(({ number, event }) => [number, event]),
  );
  if (wanted.size === 0) return;
  const ticks = events.map(({ tick }) => tick);
  for (const { tick, inputs } of run.log.ticks(Math.min(...ticks) - 1)) {
    if (tick > Math.max(...ticks)) return;
    for (const input of inputs) {
      const event = wanted.get(input.seq);
      if (event !== undefined) excerpts.set(event, inputExcerpt(input));
    }
  }
}

function inputExcerpt({ body }: Input): string {
  if (body.kind === "task") return excerpt(body.task.encoding, body.task.payload);
  if (body.kind === "spawn") return cut(JSON.stringify(body.spec));
  if ("payload" in body) return excerpt(body.encoding, body.payload);
  return inputNames.includes(body.kind) ? body.kind : "";
}

function excerpt(encoding: Encoding, payload: Uint8Array): string {
  const value = readablePayload(encoding, payload);
  return cut(typeof value === "string" ? value : JSON.stringify(value));
}

function cut(text: string): string {
  return text.length <= excerptCharactersMax ? text : `${text.slice(0, excerptCharactersMax)}…`;
}
