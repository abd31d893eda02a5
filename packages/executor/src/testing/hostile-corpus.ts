/**
 * What hostile guests do, as scripts and modules, with how each must end. Shared by tests of the executor and by
 * tests of whole worlds.
 */

import { Encoding, FaultCode, MessageFlag, MessageKind, encodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import type { FaultCode as FaultCodeType } from "@wasm-engine/abi";
import { DATA_AT, Op, TrapKind, message, scriptGuest, storeBytes } from "./script-guest.js";
import type { Command } from "./script-guest.js";

/** A script that one message carries. */
export interface HostileScript {
  readonly name: string;
  readonly script: readonly Command[];
  /** The fault that must end it; absent where the host merely refuses. */
  readonly fault?: FaultCodeType;
  readonly guestCode?: number;
  /** What host functions must have answered, in order. */
  readonly results?: readonly number[];
  /** Substring of the detail for people. */
  readonly detail?: string;
}

/** A module of its own, given one message. */
export interface HostileModule {
  readonly name: string;
  readonly text: string;
  readonly entry: "init" | "receive";
  readonly fault: FaultCodeType;
}

/** Writes over everything a rollback must restore: memory, globals, NaN payloads, flags, then more pages. */
export const SCRIBBLE: readonly Command[] = [
  [Op.FILL, DATA_AT, 0xa5, 0xc000],
  [Op.COUNT, 12345],
  [Op.FLOATS, 0xdeadbeef, 0x7ff4dead, 0x7fa12345],
  [Op.RANDOM, DATA_AT, 3, DATA_AT + 64],
  [Op.DROP_SEGMENT],
  [Op.GROW, 2],
  [Op.FILL, 0x30000, 0x5a, 0x10000],
];

const outgoing = message({ topic: encodeUtf8("t"), payload: encodeUtf8("payload"), peer: 7 });

/** Stores an outgoing message with `bytes` changed by `spoil`, at DATA_AT. */
function spoilt(
  spoil: (bytes: Uint8Array, view: DataView) => void,
  fields: Partial<typeof outgoing> = {},
): Command[] {
  const bytes = encodeMessage({ ...outgoing, ...fields });
  spoil(bytes, new DataView(bytes.buffer));
  return storeBytes(DATA_AT, bytes);
}

const TRAPS: readonly (readonly [kind: number, name: string, detail: string])[] = [
  [TrapKind.UNREACHABLE, "unreachable", "unreachable"],
  [TrapKind.DIVIDE_BY_ZERO, "division by zero", "zero"],
  [TrapKind.REMAINDER_BY_ZERO, "remainder by zero", "zero"],
  [TrapKind.OVERFLOW, "integer overflow", "overflow"],
  [TrapKind.LOAD, "load out of bounds", "memory"],
  [TrapKind.STORE, "store out of bounds", "memory"],
  [TrapKind.CONVERSION, "invalid conversion", "conversion"],
  [TrapKind.INDIRECT_NULL, "call of a null function", ""],
  [TrapKind.INDIRECT_SIGNATURE, "call with a wrong signature", ""],
  [TrapKind.INDIRECT_BOUNDS, "call outside the table", "table"],
  [TrapKind.FILL, "memory.fill out of bounds", "memory"],
  [TrapKind.COPY, "memory.copy out of bounds", "memory"],
];

const trapScripts: HostileScript[] = TRAPS.map(([kind, name, detail]) => ({
  name,
  script: [...SCRIBBLE, [Op.TRAP, kind]],
  fault: FaultCode.TRAP,
  detail,
}));

const exhausting: HostileScript[] = [
  { name: "an endless loop", script: [...SCRIBBLE, [Op.LOOP_FOREVER]], fault: FaultCode.OUT_OF_FUEL },
  { name: "endless recursion", script: [...SCRIBBLE, [Op.RECURSE]], fault: FaultCode.OUT_OF_DEPTH },
  {
    name: "endless mutual recursion",
    script: [...SCRIBBLE, [Op.RECURSE_MUTUAL]],
    fault: FaultCode.OUT_OF_DEPTH,
  },
  { name: "growing until refused", script: [[Op.GROW_ALL]], results: [8] },
  { name: "growing by more than the quota", script: [[Op.GROW, 100]], results: [-1] },
  { name: "growing by 65,535 pages, which costs", script: [[Op.GROW, 65_535]], fault: FaultCode.OUT_OF_FUEL },
  { name: "growing by 2^32 - 1 pages, which costs", script: [[Op.GROW, -1]], fault: FaultCode.OUT_OF_FUEL },
  {
    name: "a flood of a million messages",
    script: [...storeBytes(DATA_AT, encodeMessage(outgoing)), [Op.FLOOD, DATA_AT, 1_000_000]],
    fault: FaultCode.OUT_OF_FUEL,
  },
  {
    name: "messages beyond the turn's limit",
    script: [...storeBytes(DATA_AT, encodeMessage(outgoing)), [Op.FLOOD, DATA_AT, 1000]],
    results: [-5],
  },
  {
    name: "more console than a turn may hold",
    script: Array.from({ length: 300 }, (): Command => [Op.LOG, 1, 0, 16_384]),
    results: [...Array.from({ length: 255 }, () => 0), -5],
  },
];

const dishonest: HostileScript[] = [
  {
    name: "its own error code",
    script: [...SCRIBBLE, [Op.RETURN, -7]],
    fault: FaultCode.GUEST_ERROR,
    guestCode: -7,
  },
  {
    name: "the smallest error code",
    script: [[Op.RETURN, -0x8000_0000]],
    fault: FaultCode.GUEST_ERROR,
    guestCode: -0x8000_0000,
  },
];

const garbagePointers: HostileScript[] = [
  0xffff_ffff, 0xffff_fff8, 0x7fff_fff8, 0x8000_0000, 0x2fff8, 1, 4,
].map((pointer) => ({
  name: `pointer 0x${pointer.toString(16)} to every function`,
  script: [
    [Op.SEND, pointer, -1],
    [Op.PUBLISH, pointer],
    [Op.SCHEDULE, pointer, 1],
    [Op.INFER, pointer, -1],
    [Op.CALL_TOOL, pointer, -1],
  ],
  results: [-1, -1, -1, -1, -1],
}));

const garbageRanges: HostileScript[] = [
  {
    name: "lengths of 4 GiB - 1",
    script: [
      [Op.LOG, 0, 0, 0xffff_ffff],
      [Op.JOIN, 0, 0xffff_ffff],
      [Op.LEAVE, 0, 0xffff_ffff],
      [Op.LOOKUP, 0, 0xffff_ffff, DATA_AT],
      [Op.SPAWN, 0, 0xffff_ffff, DATA_AT],
      [Op.RANDOM_RAW, 0xffff_ffff, 0, 16],
      [Op.RANDOM_RAW, 1, DATA_AT, 0xffff_ffff],
    ],
    results: [-1, -3, -3, -3, -3, -3, -3],
  },
  {
    name: "ranges that end behind memory",
    script: [
      [Op.LOG, 0, 0x2ffff, 2],
      [Op.JOIN, 0x2ffff, 2],
      [Op.LEAVE, 0xffff_ffff, 1],
      [Op.LOOKUP, 0x2ffff, 2, DATA_AT],
      [Op.SPAWN, 0x2ffff, 2, DATA_AT],
      [Op.RANDOM_RAW, 2, 0x2ffff, 16],
    ],
    results: [-1, -1, -1, -1, -1, -1],
  },
  {
    name: "places for handles that are unaligned or outside",
    script: [
      ...storeBytes(DATA_AT, encodeUtf8("stranger")),
      [Op.LOOKUP, DATA_AT, 8, DATA_AT + 4],
      [Op.LOOKUP, DATA_AT, 8, 0x30000],
      [Op.LOOKUP, DATA_AT, 8, 0xffff_fff8],
      ...storeBytes(DATA_AT + 16, encodeUtf8('{"a":1}')),
      [Op.SPAWN, DATA_AT + 16, 7, DATA_AT + 4],
      [Op.SPAWN, DATA_AT + 16, 7, 0xffff_fff8],
    ],
    results: [-1, -1, -1, -1, -1],
  },
];

const badMessages: HostileScript[] = [
  ["a header of 47 bytes", -2, spoilt((_, view) => view.setUint32(0, 47, true))],
  ["an unknown kind", -2, spoilt((_, view) => view.setUint16(4, 77, true))],
  ["a kind that only the host makes", -2, spoilt((_, view) => view.setUint16(4, MessageKind.START, true))],
  ["an unknown encoding", -2, spoilt((bytes) => bytes.fill(5, 6, 7))],
  ["an unknown flag", -2, spoilt((bytes) => bytes.fill(8, 7, 8))],
  ["a receiver of 2^53", -2, spoilt((_, view) => view.setUint32(28, 0x20_0000, true))],
  ["a correlation of 2^64 - 1", -2, spoilt((bytes) => bytes.fill(0xff, 16, 24))],
  ["a topic of 256 bytes", -3, spoilt((_, view) => view.setUint32(40, 256, true))],
  ["a topic of 2^32 - 1 bytes", -3, spoilt((_, view) => view.setUint32(40, 0xffff_ffff, true))],
  ["a payload of 2^32 - 1 bytes", -3, spoilt((_, view) => view.setUint32(44, 0xffff_ffff, true))],
  ["a payload of 1 MiB", -3, spoilt((_, view) => view.setUint32(44, 1 << 20, true))],
  ["a payload behind memory", -1, spoilt((_, view) => view.setUint32(44, 0x30000, true))],
  ["a topic of invalid UTF-8", -7, spoilt((bytes) => bytes.fill(0xff, 48, 49))],
  ["a topic of half a character", -7, spoilt((bytes) => bytes.fill(0xc3, 48, 49))],
  [
    "an answer that wants an answer",
    -2,
    spoilt(() => undefined, { kind: MessageKind.ANSWER, flags: MessageFlag.ANSWER_WANTED }),
  ],
].map(([name, refusal, commands]) => ({
  name: `a message with ${String(name)}`,
  script: [...(commands as Command[]), [Op.SEND, DATA_AT, -1] as Command], // the table's third column
  results: [refusal as number], // the table's second column
}));

/** A message at DATA_AT, then one call. */
function calling(
  name: string,
  fields: Partial<typeof outgoing>,
  call: Command,
  result: number,
): HostileScript {
  return { name, script: [...spoilt(() => undefined, fields), call], results: [result] };
}

const TASK = { kind: MessageKind.TASK, encoding: Encoding.JSON, payload: encodeUtf8('{"taskId":"x"}') };
const badArguments: HostileScript[] = [
  calling("send with a timeout of -2", {}, [Op.SEND, DATA_AT, -2], -8),
  calling("infer with a timeout of -2", {}, [Op.INFER, DATA_AT, -2], -8),
  calling("infer without a model", { topic: new Uint8Array(0) }, [Op.INFER, DATA_AT, -1], -8),
  calling("call_tool without a tool", { topic: new Uint8Array(0) }, [Op.CALL_TOOL, DATA_AT, -1], -8),
  calling("infer with an answer", { kind: MessageKind.ANSWER }, [Op.INFER, DATA_AT, -1], -2),
  calling("publish without a topic", { topic: new Uint8Array(0) }, [Op.PUBLISH, DATA_AT], -8),
  calling("publish of an answer", { kind: MessageKind.ANSWER }, [Op.PUBLISH, DATA_AT], -2),
  calling("schedule of a plain message", {}, [Op.SCHEDULE, DATA_AT, 1], -2),
  calling("a timer in the past", { kind: MessageKind.TIMER }, [Op.SCHEDULE, DATA_AT, -1], -8),
  calling("a task with a delay of -1", TASK, [Op.SCHEDULE, DATA_AT, -1], -8),
  calling("a task that is not JSON", { ...TASK, payload: encodeUtf8("{") }, [Op.SCHEDULE, DATA_AT, 0], -2),
  calling("a task that is a list", { ...TASK, payload: encodeUtf8("[]") }, [Op.SCHEDULE, DATA_AT, 0], -2),
  calling("a task that is null", { ...TASK, payload: encodeUtf8("null") }, [Op.SCHEDULE, DATA_AT, 0], -2),
  calling("a task encoded as text", { ...TASK, encoding: Encoding.TEXT }, [Op.SCHEDULE, DATA_AT, 0], -2),
  calling(
    "a task of invalid UTF-8",
    { ...TASK, payload: Uint8Array.of(0x22, 0xff, 0x22) },
    [Op.SCHEDULE, DATA_AT, 0],
    -7,
  ),
  {
    name: "cancel of nothing",
    script: [
      [Op.CANCEL, 0],
      [Op.CANCEL, -1],
      [Op.CANCEL, 99],
    ],
    results: [-8, -8, -6],
  },
  {
    name: "unknown console levels",
    script: [
      [Op.LOG, 4, 0, 1],
      [Op.LOG, -1, 0, 1],
    ],
    results: [-8, -8],
  },
  {
    name: "an empty channel",
    script: [
      [Op.JOIN, 0, 0],
      [Op.LEAVE, 0, 0],
    ],
    results: [-8, -8],
  },
  {
    name: "names of invalid UTF-8",
    script: [
      [Op.STORE, DATA_AT, 0xffff_ffff],
      [Op.JOIN, DATA_AT, 2],
      [Op.LEAVE, DATA_AT, 2],
      [Op.LOOKUP, DATA_AT, 2, DATA_AT + 8],
      [Op.RANDOM_RAW, 2, DATA_AT, 4],
      [Op.SPAWN, DATA_AT, 2, DATA_AT + 8],
    ],
    results: [-7, -7, -7, -7, -7],
  },
  {
    name: "an id with a slash and one of 64 bytes",
    script: [
      ...storeBytes(DATA_AT, encodeUtf8("a/b")),
      [Op.LOOKUP, DATA_AT, 3, DATA_AT + 8],
      [Op.LOOKUP, DATA_AT, 64, DATA_AT + 8],
      [Op.LOOKUP, DATA_AT, 0, DATA_AT + 8],
    ],
    results: [-7, -3, -7],
  },
  {
    name: "JSON nested deeper than 64",
    script: [
      ...storeBytes(DATA_AT, encodeUtf8(`{"a":${"[".repeat(63)}${"]".repeat(63)}}`)),
      [Op.SPAWN, DATA_AT, 132, DATA_AT + 0x200],
      ...storeBytes(DATA_AT, encodeUtf8(`{"a":${"[".repeat(64)}${"]".repeat(64)}}`)),
      [Op.SPAWN, DATA_AT, 134, DATA_AT + 0x200],
    ],
    results: [1, -2],
  },
  {
    name: "a child that is not an object",
    script: [...storeBytes(DATA_AT, encodeUtf8("17")), [Op.SPAWN, DATA_AT, 2, DATA_AT + 8]],
    results: [-2],
  },
  {
    name: "more streams than an agent may have",
    script: Array.from({ length: 66 }, (_, index): Command[] => [
      [Op.STORE, DATA_AT + 0x100, 0x4000 + index],
      [Op.RANDOM_RAW, 2, DATA_AT + 0x100, 1],
    ]).flat(),
    results: [...Array.from({ length: 63 }, () => 0), -5, -5, -5],
  },
];

const badRoom: HostileScript[] = [0, 1, 4, 12, 0x2fff9, 0x30000, 0xffff_fff8, 0xffff_ffff].map((pointer) => ({
  name: `agent_alloc giving 0x${pointer.toString(16)}`,
  script: [[Op.ALLOC, pointer]],
}));

/** Scripts that a single receive carries. */
export const HOSTILE_SCRIPTS: readonly HostileScript[] = [
  ...trapScripts,
  ...exhausting,
  ...dishonest,
  ...garbagePointers,
  ...garbageRanges,
  ...badMessages,
  ...badArguments,
];

/** Scripts after which the next message finds no room: that one faults with GUEST_ERROR. */
export const HOSTILE_ROOMS: readonly HostileScript[] = badRoom;

/** A small module with the entry points of the ABI; `fields` come first, `over` replaces entry points. */
function smallModule(fields: string, over: Readonly<Record<string, string>> = {}): string {
  const entries: Record<string, string> = {
    agent_alloc: "(param i32) (result i32) (i32.const 1024)",
    agent_init: "(result i32) (i32.const 0)",
    agent_step: "(param i32) (result i32) (i32.const 0)",
    agent_receive: "(param i32) (result i32) (i32.const 0)",
    agent_shutdown: "(result i32) (i32.const 0)",
    ...over,
  };
  const exported = Object.entries(entries).map(([name, body]) => `(func (export "${name}") ${body})`);
  return `(module ${fields} ${exported.join("\n")})`;
}

const MEMORY = '(memory (export "memory") 1)';

export const HOSTILE_MODULES: readonly HostileModule[] = [
  {
    name: "a start function that loops",
    text: smallModule(`${MEMORY} (func $s (loop $l (br $l))) (start $s)`),
    entry: "init",
    fault: FaultCode.OUT_OF_FUEL,
  },
  {
    name: "_initialize that traps",
    text: smallModule(MEMORY, { _initialize: "(unreachable)" }),
    entry: "init",
    fault: FaultCode.TRAP,
  },
  {
    name: "agent_init that fails",
    text: smallModule(MEMORY, { agent_init: "(result i32) (i32.const -3)" }),
    entry: "init",
    fault: FaultCode.GUEST_ERROR,
  },
  {
    name: "agent_alloc that traps",
    text: smallModule(MEMORY, { agent_alloc: "(param i32) (result i32) (unreachable)" }),
    entry: "receive",
    fault: FaultCode.TRAP,
  },
  {
    name: "agent_alloc that loops",
    text: smallModule(MEMORY, { agent_alloc: "(param i32) (result i32) (loop $l (br $l)) (i32.const 0)" }),
    entry: "receive",
    fault: FaultCode.OUT_OF_FUEL,
  },
  {
    name: "agent_alloc that recurses",
    text: smallModule(`${MEMORY} (func $r (param i32) (result i32) (call $r (call $r (local.get 0))))`, {
      agent_alloc: "(param i32) (result i32) (call $r (i32.const 0))",
    }),
    entry: "receive",
    fault: FaultCode.OUT_OF_DEPTH,
  },
  {
    name: "a memory above its quota",
    text: smallModule('(memory (export "memory") 200)'),
    entry: "init",
    fault: FaultCode.HOST_DENIED,
  },
];

/** The script guest itself, for worlds that read modules from files. */
export const SCRIPT_GUEST_TEXT: string = scriptGuest();
