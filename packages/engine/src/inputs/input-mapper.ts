/** Turns a record into an input of the world: its tick, receiver, topic, payload, key. Owns the meaning of a spec. */

import { Encoding, encodeUtf8, isAgentId, limits, messageBytes } from "@wasm-engine/abi";
import type { EngineError } from "@wasm-engine/abi";
import type { Genesis, InputBody, Json } from "@wasm-engine/core";
import { adviceFor } from "../config/suggestion.js";
import { nanosOfMillis, parseTime } from "../time/virtual-time.js";
import type { InputField, InputSourceSpec } from "../world/contract.js";
import { inputError } from "./errors.js";
import type { INPUT_ERRORS } from "./errors.js";
import type { FieldRecord } from "./record-reader.js";
import { fillTemplate, parseTemplate } from "./template.js";
import type { Template } from "./template.js";

/** A record on its way; `tick` is undefined where the spec names no time. */
export interface MappedRecord {
  readonly tick: number | undefined;
  readonly body: InputBody;
  readonly key?: string;
}

export type MapRecord = (record: FieldRecord) => MappedRecord;

const maxTick = BigInt(Number.MAX_SAFE_INTEGER);

/** The mapping of one input; every problem of a record names its line. */
export function inputMapper(spec: InputSourceSpec, genesis: Genesis): MapRecord {
  const to = spec.to === undefined ? undefined : parseTemplate(spec.to);
  const topic = parseTemplate(spec.topic);
  const key = spec.key === undefined ? undefined : parseTemplate(spec.key);
  return (record) => {
    const place = new RecordPlace(spec.path, record);
    const topicText = place.fill(topic);
    const payload = encodeUtf8(spec.fields === undefined ? record.json() : chosen(place, spec.fields));
    checkSizes(place, topicText, payload);
    const content = { topic: topicText, encoding: Encoding.JSON, payload };
    const tick = spec.at === undefined ? undefined : tickOf(place, spec, genesis);
    const keyPart = key === undefined ? {} : { key: place.fill(key) };
    if (to === undefined) return { tick, body: { kind: "publish", ...content }, ...keyPart };
    const receiver = place.fill(to);
    if (!isAgentId(receiver)) throw place.error("WE_INPUT_RECEIVER", { came: receiver });
    return { tick, body: { kind: "message", to: receiver, ...content, answerWanted: false }, ...keyPart };
  };
}

/** A record with the name of its file, for errors. */
class RecordPlace {
  readonly #file: string;
  readonly #record: FieldRecord;

  constructor(file: string, record: FieldRecord) {
    this.#file = file;
    this.#record = record;
  }

  value(field: string): Json {
    return this.#record.value(field) ?? this.#present(field);
  }

  text(field: string): string {
    return this.#record.text(field) ?? String(this.#present(field));
  }

  fill(template: Template): string {
    return fillTemplate(template, (field) => this.text(field));
  }

  error(code: keyof typeof INPUT_ERRORS, parameters: Readonly<Record<string, unknown>>): EngineError {
    const { line } = this.#record;
    return inputError(code, { ...parameters, at: `${this.#file}:${line}`, file: this.#file, line });
  }

  /** JSON null is a value; a field that is not there is an error. */
  #present(field: string): null {
    if (this.#record.value(field) === null) return null;
    const advice = adviceFor(field, this.#record.names(), "fields");
    throw this.error("WE_INPUT_FIELD", { came: JSON.stringify(field), advice });
  }
}

function chosen(place: RecordPlace, fields: readonly InputField[]): string {
  return JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, fieldValue(place, field)])));
}

function fieldValue(place: RecordPlace, { field, type }: InputField): Json {
  if (type === "text") return place.text(field);
  const value = place.value(field);
  const isNumber = typeof value === "number";
  const isInexact = isNumber && Number.isInteger(value) && !Number.isSafeInteger(value);
  if (isInexact || (type === "number" && !isNumber)) {
    const expected = isInexact ? "an integer of at most 2^53 - 1" : "a number";
    throw place.error("WE_INPUT_VALUE", {
      field: JSON.stringify(field),
      expected,
      came: JSON.stringify(value),
    });
  }
  return value;
}

function checkSizes(place: RecordPlace, topic: string, payload: Uint8Array): void {
  const topicBytes = encodeUtf8(topic).length;
  if (topicBytes < 1 || topicBytes > limits.topicBytesMax) {
    throw place.error("WE_INPUT_TOPIC", { came: JSON.stringify(topic), bytesMax: limits.topicBytesMax });
  }
  const bytes = messageBytes(topicBytes, payload.length);
  if (bytes <= limits.messageBytesMax) return;
  throw place.error("WE_INPUT_RECORD_SIZE", { bytes, bytesMax: limits.messageBytesMax });
}

function tickOf(place: RecordPlace, spec: InputSourceSpec, genesis: Genesis): number {
  const field = spec.at ?? "";
  const text = place.text(field);
  const wrong = (expected: string): EngineError =>
    place.error("WE_INPUT_TIME", { field: JSON.stringify(field), expected, came: JSON.stringify(text) });
  const isTick = spec.atUnit === undefined ? field === "tick" : spec.atUnit === "tick";
  if (isTick) {
    const tick = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(tick)) throw wrong("a tick, a whole number from 0");
    return tick;
  }
  const nanos = timeNanos(text);
  if (nanos === undefined) throw wrong("a time");
  if (nanos < genesis.epochNanos) throw wrong("a time at or after the epoch of the clock");
  const tick = (nanos - genesis.epochNanos) / genesis.tickNanos;
  if (tick > maxTick) throw wrong("a time whose tick is at most 2^53 - 1");
  return Number(tick);
}

/** ISO 8601, or a number: epoch milliseconds. */
function timeNanos(text: string): bigint | undefined {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? nanosOfMillis(Number(text)) : parseTime(text);
}
