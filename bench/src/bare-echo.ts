/**
 * An echo agent in a bare instance: the module as `build` made it, without metering, and a host that does nothing. What is
 * left is what the language costs: to compile and begin, per invocation, in memory.
 */

import { Encoding, HOST_FUNCTIONS, MessageKind, encodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import type { MessageKind as Kind } from "@wasm-engine/abi";
import { compileModule, instantiate } from "./limits/webassembly.js";
import type { BareGuest, HostFunctions } from "./limits/webassembly.js";

export interface BareFigure {
  readonly moduleBytes: number;
  /** From bytes to a compiled module, milliseconds; V8 compiles functions when they are first called. */
  readonly compileMs: number;
  /** From a compiled module to an agent that has had its first message, milliseconds; the median. */
  readonly beginMs: number;
  /** One `agent_receive` with its one `send`, microseconds; the fastest of the rounds. */
  readonly invocationMicros: number;
  /** Linear memory of the agent afterwards, and what of it is not zero in pages of 4 KiB: what a snapshot stores. */
  readonly memoryBytes: number;
  readonly storedBytes: number;
}

export interface BarePlan {
  readonly start: Readonly<Record<string, string>>;
  /** What comes again and again. */
  readonly payload: Uint8Array | object;
  readonly instances: number;
  readonly rounds: number;
  readonly roundMs: number;
}

const pageBytes = 4096;

export function measureBare(bytes: Uint8Array, plan: BarePlan): BareFigure {
  const compileStart = performance.now();
  const module = compileModule(bytes);
  const compileMs = performance.now() - compileStart;
  const first = messageOf(MessageKind.START, plan.start);
  const begins: number[] = [];
  let guest: BareGuest | undefined;
  for (let count = 0; count < plan.instances; count += 1) {
    const beginStart = performance.now();
    guest = instantiate(module, idleHost());
    guest._initialize?.();
    guest.agent_init();
    deliver(guest, first);
    begins.push(performance.now() - beginStart);
  }
  if (guest === undefined) throw new RangeError("at least one instance is measured");
  const invocationMicros = fastestRound(guest, messageOf(MessageKind.MESSAGE, plan.payload), plan);
  const memory = new Uint8Array(guest.memory.buffer);
  let storedBytes = 0;
  for (let start = 0; start < memory.length; start += pageBytes)
    if (memory.subarray(start, start + pageBytes).some((byte) => byte !== 0)) storedBytes += pageBytes;
  const beginMs = begins.sort((left, right) => left - right)[begins.length >> 1] ?? 0;
  return {
    moduleBytes: bytes.length,
    compileMs,
    beginMs,
    invocationMicros,
    memoryBytes: memory.length,
    storedBytes,
  };
}

function fastestRound(guest: BareGuest, message: Uint8Array, { rounds, roundMs }: BarePlan): number {
  let fastest = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    let count = 0;
    const start = performance.now();
    let elapsed = 0;
    while (elapsed < roundMs) {
      for (let step = 0; step < 100; step += 1) deliver(guest, message);
      count += 100;
      elapsed = performance.now() - start;
    }
    fastest = Math.min(fastest, (elapsed * 1000) / count);
  }
  return fastest;
}

function deliver(guest: BareGuest, message: Uint8Array): void {
  const pointer = guest.agent_alloc(message.length);
  new Uint8Array(guest.memory.buffer).set(message, pointer);
  if (guest.agent_receive(pointer) !== 0) throw new RangeError("the agent has failed");
}

export function messageOf(kind: Kind, body: Uint8Array | object): Uint8Array {
  const isBytes = body instanceof Uint8Array;
  return encodeMessage({
    kind,
    encoding: isBytes ? Encoding.BYTES : Encoding.JSON,
    flags: 0,
    messageId: 1,
    correlationId: 0,
    peer: 1,
    tick: 0,
    topic: new Uint8Array(),
    payload: isBytes ? body : encodeUtf8(JSON.stringify(body)),
  });
}

/** Every host function, without an effect. */
export function idleHost(): HostFunctions {
  const names = Object.keys(HOST_FUNCTIONS);
  return Object.fromEntries(names.map((name) => [name, () => (name === "tick" || name === "time" ? 0n : 0)]));
}
