/**
 * The host functions of ABI 1.0 and their linking. One import object serves all instances of an executor: the
 * context says who is calling. Every function returns a typed refusal for whatever a guest may pass; the only
 * exception that leaves one is {@link HostDenial}.
 */

import {
  EffectKind,
  HOST_MODULE,
  Instrumented,
  LogLevel,
  Refusal,
  decodeUtf8,
  encodeUtf8,
  handleOfChild,
  isAgentId,
  limits,
  writeU64,
} from "@wasm-engine/abi";
import type { HostFunctionName } from "@wasm-engine/abi";
import { isJsonObject } from "./guest-json.js";
import type { HostContext } from "./host-context.js";
import {
  callTool,
  infer,
  mayEmit,
  mayRequest,
  publish,
  schedule,
  send,
  startRequest,
} from "./host-message-functions.js";
import { jsonFuelPerByte, lookupFuel, randomFuelPerBlock, spawnFuel, streamKeyFuel } from "./limits.js";
import { blocksTouched, fillFromStream } from "./random-stream.js";
import { cutAtCharacter, isUtf8 } from "./utf8.js";
import type { WasmImports } from "./webassembly.js";

declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };
/** Replaces malformed sequences by U+FFFD as the Encoding standard says. */
const lossyDecoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

const LOG_LEVEL_LAST: number = LogLevel.ERROR;
const AGENT_ID_BYTES_MAX = 63;
/** What `lookUp` answers where there is none. */
const NOBODY = 0;

/** Imports of every instrumented module. i32 arguments arrive signed; pointers and lengths are unsigned. */
export function hostImports(host: HostContext): WasmImports {
  const functions: Record<HostFunctionName, (...values: number[]) => number | bigint> = {
    log: (level = 0, pointer = 0, bytes = 0) =>
      host.beginAlways().finish(log(host, level, pointer >>> 0, bytes >>> 0)),
    send: (pointer = 0, ticks = 0) => host.begin().finish(send(host, pointer >>> 0, ticks)),
    publish: (pointer = 0) => host.begin().finish(publish(host, pointer >>> 0)),
    join: (pointer = 0, bytes = 0) =>
      host.begin().finish(subscribe(host, EffectKind.JOIN, pointer >>> 0, bytes >>> 0)),
    leave: (pointer = 0, bytes = 0) =>
      host.begin().finish(subscribe(host, EffectKind.LEAVE, pointer >>> 0, bytes >>> 0)),
    schedule: (pointer = 0, ticks = 0) => host.begin().finish(schedule(host, pointer >>> 0, ticks)),
    cancel: (requestId = 0) => host.begin().finish(cancel(host, requestId)),
    infer: (pointer = 0, ticks = 0) => host.begin().finish(infer(host, pointer >>> 0, ticks)),
    call_tool: (pointer = 0, ticks = 0) => host.begin().finish(callTool(host, pointer >>> 0, ticks)),
    spawn: (pointer = 0, bytes = 0, out = 0) =>
      host.begin().finish(spawn(host, { pointer: pointer >>> 0, bytes: bytes >>> 0, out: out >>> 0 })),
    lookup: (pointer = 0, bytes = 0, out = 0) =>
      host.begin().finish(lookup(host, { pointer: pointer >>> 0, bytes: bytes >>> 0, out: out >>> 0 })),
    random: (pointer = 0, bytes = 0, out = 0, outBytes = 0) =>
      host
        .begin()
        .finish(random(host, { pointer: pointer >>> 0, bytes: bytes >>> 0, out: out >>> 0 }, outBytes >>> 0)),
    tick: () => {
      host.begin();
      return BigInt(host.tick);
    },
    time: () => {
      host.begin();
      return BigInt.asIntN(64, host.timeNanos);
    },
    exit: (code = 0) => host.begin().finish(exit(host, code)),
  };
  return { [HOST_MODULE]: { ...functions, [Instrumented.slice]: () => host.grantSlice() } };
}

/** A range of text that a guest passes, and where an answer goes. */
interface TextArgument {
  readonly pointer: number;
  readonly bytes: number;
  readonly out: number;
}

function log(host: HostContext, level: number, pointer: number, bytes: number): number {
  if (!host.memory.holds(pointer, bytes)) return Refusal.BAD_POINTER;
  if (level < 0 || level > LOG_LEVEL_LAST) return Refusal.BAD_ARGUMENT;
  const memory = host.memory.bytes;
  const readBytes = Math.min(bytes, limits.logLineBytesMax + 1);
  let line = cutAtCharacter(memory.subarray(pointer, pointer + readBytes), limits.logLineBytesMax);
  host.chargeMoved(line.length);
  if (!isUtf8(line, 0, line.length)) {
    line = cutAtCharacter(encodeUtf8(lossyDecoder.decode(line)), limits.logLineBytesMax);
  }
  if (!mayEmit(host, line.length)) return Refusal.LIMIT;
  host.effects.append(EffectKind.LOG, line, { level });
  return 0;
}

function subscribe(
  host: HostContext,
  kind: typeof EffectKind.JOIN | typeof EffectKind.LEAVE,
  pointer: number,
  bytes: number,
): number {
  if (bytes > limits.topicBytesMax) return Refusal.TOO_LARGE;
  if (!host.memory.holds(pointer, bytes)) return Refusal.BAD_POINTER;
  host.chargeMoved(bytes);
  const memory = host.memory.bytes;
  if (!isUtf8(memory, pointer, pointer + bytes)) return Refusal.BAD_TEXT;
  if (bytes === 0) return Refusal.BAD_ARGUMENT;
  if (!mayEmit(host, bytes)) return Refusal.LIMIT;
  host.effects.append(kind, memory.subarray(pointer, pointer + bytes), {});
  return 0;
}

function cancel(host: HostContext, requestId: number): number {
  if (requestId <= 0) return Refusal.BAD_ARGUMENT;
  if (requestId > host.ledger.requests) return Refusal.NOT_FOUND;
  if (!mayEmit(host, 0)) return Refusal.LIMIT;
  host.effects.append(EffectKind.CANCEL, new Uint8Array(0), { requestId });
  return 0;
}

function spawn(host: HostContext, spec: TextArgument): number {
  if (spec.bytes > limits.messageBytesMax) return Refusal.TOO_LARGE;
  if (!host.memory.holds(spec.pointer, spec.bytes) || !isHandleOut(host, spec.out))
    return Refusal.BAD_POINTER;
  host.chargeFuel(spec.bytes * jsonFuelPerByte);
  const json = host.memory.bytes.slice(spec.pointer, spec.pointer + spec.bytes);
  const verdict = isJsonObject(json);
  if (verdict !== 0) return verdict;
  if (!mayEmit(host, 8 + json.length) || !mayRequest(host)) return Refusal.LIMIT;
  host.chargeFuel(spawnFuel);
  const { ledger } = host;
  ledger.spawns += 1;
  const child = handleOfChild(host.sha256, host.agent, ledger.spawns);
  const requestId = startRequest(host);
  host.effects.appendSpawn(requestId, child, json);
  writeU64(host.memory.view, spec.out, child);
  return requestId;
}

function lookup(host: HostContext, id: TextArgument): number {
  if (id.bytes > AGENT_ID_BYTES_MAX) return Refusal.TOO_LARGE;
  if (!host.memory.holds(id.pointer, id.bytes) || !isHandleOut(host, id.out)) return Refusal.BAD_POINTER;
  host.chargeFuel(lookupFuel);
  const text = decodeUtf8(host.memory.bytes.subarray(id.pointer, id.pointer + id.bytes));
  if (text === undefined || !isAgentId(text)) return Refusal.BAD_TEXT;
  const handle = host.lookUp(text);
  if (handle === NOBODY) return Refusal.NOT_FOUND;
  writeU64(host.memory.view, id.out, handle);
  return 0;
}

function random(host: HostContext, stream: TextArgument, outBytes: number): number {
  if (stream.bytes > limits.streamNameBytesMax || outBytes > limits.randomBytesMax) return Refusal.TOO_LARGE;
  const { memory, ledger } = host;
  if (!memory.holds(stream.pointer, stream.bytes) || !memory.holds(stream.out, outBytes)) {
    return Refusal.BAD_POINTER;
  }
  host.chargeMoved(stream.bytes + outBytes);
  const name = decodeUtf8(memory.bytes.subarray(stream.pointer, stream.pointer + stream.bytes));
  if (name === undefined) return Refusal.BAD_TEXT;
  if (outBytes === 0) return 0;
  const position = ledger.position(name);
  if (position === undefined && ledger.streamCount >= limits.streamsPerAgentMax) return Refusal.LIMIT;
  const from = position ?? 0;
  if (from + outBytes > limits.safeIntegerMax) return Refusal.LIMIT;
  if (position === undefined) host.chargeFuel(streamKeyFuel);
  host.chargeFuel(blocksTouched(from, outBytes) * randomFuelPerBlock);
  fillFromStream(host.streamKey(name), from, memory.bytes.subarray(stream.out, stream.out + outBytes));
  ledger.advance(name, outBytes);
  return 0;
}

function exit(host: HostContext, code: number): number {
  if (!mayEmit(host, 4)) return Refusal.LIMIT;
  const body = new Uint8Array(4);
  new DataView(body.buffer).setInt32(0, code, true);
  host.effects.append(EffectKind.EXIT, body, {});
  return 0;
}

function isHandleOut(host: HostContext, pointer: number): boolean {
  return pointer % 8 === 0 && host.memory.holds(pointer, 8);
}
