/** What the links of a chain said. The index holds none of it: inputs are in the log, the rest is executed again. */

import {
  EffectKind,
  Encoding,
  FaultCode,
  OUTSIDE,
  TensorType,
  decodeMessage,
  decodeTensors,
  decodeUtf8,
  elementBytes,
  elementCount,
  unreachable,
} from "@wasm-engine/abi";
import type { AgentHandle, Effect, TensorBlock } from "@wasm-engine/abi";
import type { DeadLetter, Input } from "@wasm-engine/core";
import type { RecordedRun } from "../replay/track.js";
import { decodePayload } from "../world/payload.js";
import { hex } from "../world/report.js";
import type { CauseLink } from "./contract.js";
import type { EventIndex } from "./event-index.js";
import { excerptCharactersMax, excerptElementsMax } from "./limits.js";
import type { TrackBases } from "./track-bases.js";
import { TraceKind, inputNames } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";
import { watchTicks } from "./watched-ticks.js";
import type { WatchedTick } from "./watched-ticks.js";

/** What a link said. */
export type PayloadExcerpt = Pick<CauseLink, "payload" | "payloadBytes" | "undelivered">;

/** Excerpts by number of the event. */
export function payloadExcerpts(
  bases: TrackBases,
  index: EventIndex,
  events: readonly NumberedEvent[],
): ReadonlyMap<number, PayloadExcerpt> {
  const excerpts = new Map<number, PayloadExcerpt>();
  readInputs(bases.run, events, excerpts);
  const [only] = events.length === 1 ? events : [];
  // Of inputs only one that stands alone may have reached nobody.
  const wanted = events.filter((event) => isCarrier(event) || (event === only && isMailInput(event)));
  if (wanted.length === 0) return excerpts;
  // A turn of several slices is executed before its effects become visible: some ticks earlier are watched as well.
  const ticks = wanted.map(({ tick }) => tick);
  const from = Math.max(0, Math.min(...ticks) - slackTicks);
  const open = new Map(wanted.map((event) => [keyOf(index, event), event.event]));
  watchTicks(bases, { from, to: Math.max(...ticks) }, ({ turns, deadLetters, idOf }) => {
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
    for (const letter of deadLetters) noteLost(letter, { open, excerpts, idOf });
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

function isMailInput({ kind, value }: NumberedEvent): boolean {
  const name = kind === TraceKind.INPUT ? inputNames[value] : undefined;
  return name === "message" || name === "publish";
}

function keyOf(index: EventIndex, { kind, agent, number, request }: NumberedEvent): string {
  const id = index.name(agent);
  if (kind === TraceKind.INPUT) return `input ${number}`;
  if (kind === TraceKind.INVOCATION) return `answer ${id} ${request}`;
  return number > 0 ? `message ${id} ${number}` : `request ${id} ${request}`;
}

/** Messages keep sender and number in a dead letter. */
function noteLost(
  { agentId, reason, message }: DeadLetter,
  known: {
    readonly open: ReadonlyMap<string, number>;
    readonly excerpts: Map<number, PayloadExcerpt>;
    readonly idOf: WatchedTick["idOf"];
  },
): void {
  if (message.length === 0) return;
  const { peer, messageId } = decodeMessage(message);
  const sender = peer as AgentHandle; // brand: written by the core
  const name = peer === OUTSIDE ? `input ${messageId}` : `message ${known.idOf(sender) ?? ""} ${messageId}`;
  const event = known.open.get(name);
  if (event === undefined) return;
  const said = known.excerpts.get(event);
  known.excerpts.set(event, { ...said, undelivered: [...(said?.undelivered ?? []), { agentId, reason }] });
}

function readInputs(
  run: RecordedRun,
  events: readonly NumberedEvent[],
  excerpts: Map<number, PayloadExcerpt>,
): void {
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

function inputExcerpt({ body }: Input): PayloadExcerpt {
  if (body.kind === "task") return excerpt(body.task.encoding, body.task.payload);
  if (body.kind === "spawn") return { payload: jsonExcerpt(body.spec) };
  return "payload" in body ? excerpt(body.encoding, body.payload) : {};
}

function excerpt(encoding: Encoding, payload: Uint8Array): PayloadExcerpt {
  return { payload: payloadText(encoding, payload), payloadBytes: payload.length };
}

/** JSON and text as they are; tensors with their elements, other bytes in hexadecimal, the first of both. */
function payloadText(encoding: Encoding, payload: Uint8Array): string {
  const value = encoding === Encoding.TENSOR ? undefined : decodePayload(encoding, payload);
  if (value !== undefined && !(value instanceof Uint8Array))
    return typeof value === "string" ? cut(value) : jsonExcerpt(value);
  const tensors = encoding === Encoding.TENSOR ? decodeTensors(payload) : "bytes";
  if (typeof tensors !== "string") return cut(tensors.map(tensorText).join("; "));
  const shown = hex(payload.subarray(0, excerptElementsMax));
  return `${payload.length} bytes: ${shown}${payload.length > excerptElementsMax ? "…" : ""}`;
}

const tensorNames: ReadonlyMap<number, string> = new Map(
  Object.entries(TensorType).map(([name, type]) => [type, name.toLowerCase()]),
);

function tensorText({ name, type, dimensions, data }: TensorBlock): string {
  const count = elementCount(dimensions);
  const values = Array.from({ length: Math.min(count, excerptElementsMax) }, (_, place) =>
    elementText(type, data, place),
  );
  const more = count > excerptElementsMax ? ", …" : "";
  const shape = `${tensorNames.get(type) ?? ""}[${dimensions.join(",")}]`;
  return `${name === "" ? "" : `${name} `}${shape} ${values.join(", ")}${more}`;
}

function elementText(type: TensorType, data: Uint8Array, place: number): string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const at = place * elementBytes(type);
  switch (type) {
    case TensorType.FLOAT32:
      // As many digits as tell it from its neighbours, not those of a double.
      return String(Number(view.getFloat32(at, true).toPrecision(7)));
    case TensorType.FLOAT64:
      return String(view.getFloat64(at, true));
    case TensorType.INT64:
      return String(view.getBigInt64(at, true));
    case TensorType.INT32:
      return String(view.getInt32(at, true));
    case TensorType.INT16:
      return String(view.getInt16(at, true));
    case TensorType.INT8:
      return String(view.getInt8(at));
    case TensorType.FLOAT16:
      return `0x${view.getUint16(at, true).toString(16)}`;
    case TensorType.UINT8:
    case TensorType.BOOL:
      return String(view.getUint8(at));
    default:
      return unreachable(type);
  }
}

/** What an effect says, for people. */
export function effectExcerpt({ kind, body }: Effect): string {
  if (kind !== EffectKind.SCHEDULE && !carrierKinds.has(kind)) return payloadText(Encoding.TEXT, body);
  const { topic, encoding, payload } = decodeMessage(body);
  const about = decodeUtf8(topic) ?? "";
  return [about, payloadText(encoding, payload)].filter((word) => word !== "").join(" ");
}

/** A fault by its name. */
export function faultExcerpt(code: number, guestCode: number): string {
  const name = Object.entries(FaultCode).find(([, known]) => known === code)?.[0] ?? String(code);
  return guestCode === 0 ? name : `${name} ${guestCode}`;
}

export function jsonExcerpt(value: unknown): string {
  return cut(JSON.stringify(value));
}

function cut(text: string): string {
  return text.length <= excerptCharactersMax ? text : `${text.slice(0, excerptCharactersMax)}…`;
}
