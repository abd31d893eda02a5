/**
 * Hostile agents of a whole world: the executor's corpus, one agent per entry, and attacks on what only a world has:
 * names, tasks, topics, timers, answers, supervision. Each says with which fault code it must end, if with any.
 */

import { FaultCode, MessageFlag, MessageKind, encodeMessage, encodeUtf8, handleOfId } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, FaultCode as FaultCodeType, Message } from "@wasm-engine/abi";
import type { FaultPolicy } from "@wasm-engine/core";
import {
  HOSTILE_MODULES,
  HOSTILE_ROOMS,
  HOSTILE_SCRIPTS,
} from "../../../executor/dist/testing/hostile-corpus.js";
import { DATA_AT, Op, message, storeBytes } from "../../../executor/dist/testing/script-guest.js";
import type { Command } from "../../../executor/dist/testing/script-guest.js";
import { nodeHasher } from "../crypto/node-crypto.js";

export interface HostileAgent {
  readonly name: string;
  /** Module text; absent: the script guest, which does what `script` says whenever it is sent. */
  readonly text?: string;
  readonly script?: readonly Command[];
  /** The one fault code that it may and must cause; absent: none. */
  readonly fault?: FaultCodeType;
  readonly guestCode?: number;
  readonly every?: number;
  readonly onFault?: Partial<FaultPolicy>;
  /** It is gone before the world ends. */
  readonly ends?: boolean;
}

/** Ids of the agents that nobody of tenant "hostile" may change. */
export const STRANGERS: readonly AgentId[] = [0, 1, 2, 3, 4, 5].map(
  (index) => `calm.s${index}` as AgentId, // brand: test data
);
export const HOSTILE_CHILD_MODULE = "script";

function handle(id: string): AgentHandle {
  return handleOfId((bytes) => nodeHasher.sha256(bytes), id as AgentId); // brand: test data
}

function composed(fields: Partial<Message>, call: Command): Command[] {
  return [...storeBytes(DATA_AT, encodeMessage(message({ topic: encodeUtf8("t"), ...fields }))), call];
}

function json(text: string, at = DATA_AT): Command[] {
  return storeBytes(at, encodeUtf8(text));
}

function repeated(count: number, commands: (index: number) => readonly Command[]): Command[] {
  return Array.from({ length: count }, (_, index) => commands(index)).flat();
}

function spawning(id: string, members = '"every":1'): Command[] {
  const text = `{"id":"${id}","module":"${HOSTILE_CHILD_MODULE}",${members}}`;
  return [...json(text), [Op.SPAWN, DATA_AT, text.length, DATA_AT + 0x800]];
}

function task(text: string): Command[] {
  return composed({ kind: MessageKind.TASK, encoding: 1, payload: encodeUtf8(text) }, [
    Op.SCHEDULE,
    DATA_AT,
    0,
  ]);
}

function toStrangers(fields: Partial<Message>, correlations: readonly number[]): Command[] {
  return STRANGERS.flatMap((id) =>
    correlations.flatMap((correlationId) =>
      composed({ ...fields, peer: handle(id), correlationId }, [Op.SEND, DATA_AT, -1]),
    ),
  );
}

const forged = Array.from({ length: 12 }, (_, index) => index + 1);
const { LAST_PART, ERROR, ANSWER_WANTED } = MessageFlag;

const names: readonly HostileAgent[] = [
  { name: "spawns until it is refused", script: repeated(24, (index) => spawning(`hostile.x${index}`)) },
  { name: "spawns children of other tenants", script: spawning("hostile.y", '"tenant":"calm"') },
  { name: "spawns agents that exist", script: STRANGERS.flatMap((id) => spawning(id)) },
  {
    name: "takes the names that strangers give their children",
    script: repeated(10, (index) => spawning(`calm.s${index}`)),
  },
  {
    name: "spawns with more rights than it has",
    script: spawning("hostile.z", '"capabilities":{"send":["*"]}'),
  },
  {
    name: "takes the task ids of strangers",
    script: repeated(10, (index) => task(`{"taskId":"calm.s${index}"}`)),
  },
  {
    name: "schedules tasks for strangers",
    script: STRANGERS.flatMap((id) => task(`{"taskId":"own-${id}","agentId":"${id}"}`)),
  },
  {
    name: "waits for the tasks of strangers",
    script: repeated(10, (index) => task(`{"taskId":"await-${index}","dependsOn":["calm.s${index}"]}`)),
  },
  {
    name: "schedules tasks in a circle",
    script: [...task('{"taskId":"x","dependsOn":["y"]}'), ...task('{"taskId":"y","dependsOn":["x"]}')],
  },
];

const traffic: readonly HostileAgent[] = [
  {
    name: "joins every topic",
    script: repeated(10, (index) => [...json(`calm.s${index}`), [Op.JOIN, DATA_AT, 7]]),
  },
  {
    name: "joins a thousand topics",
    script: repeated(500, (index) => [
      [Op.STORE, DATA_AT, 0x61616161 + index],
      [Op.JOIN, DATA_AT, 4],
    ]),
  },
  {
    name: "publishes on the topics of strangers",
    script: repeated(10, (index) =>
      composed({ topic: encodeUtf8(`calm.s${index}`), payload: encodeUtf8("lies") }, [Op.PUBLISH, DATA_AT]),
    ),
  },
  { name: "sends to strangers", script: toStrangers({ payload: encodeUtf8("lies") }, [0]) },
  { name: "asks strangers", script: toStrangers({ flags: ANSWER_WANTED }, [0]) },
  {
    name: "answers what strangers asked others",
    script: toStrangers({ kind: MessageKind.ANSWER, flags: LAST_PART }, forged),
  },
  {
    name: "answers strangers with errors",
    script: toStrangers({ kind: MessageKind.ANSWER, flags: LAST_PART | ERROR }, forged),
  },
  {
    name: "answers what the outside asked others",
    script: repeated(40, (index) =>
      composed({ kind: MessageKind.ANSWER, flags: LAST_PART, peer: 0, correlationId: index + 1 }, [
        Op.SEND,
        DATA_AT,
        -1,
      ]),
    ),
  },
  {
    name: "fills a mailbox of its own tenant",
    script: composed({ peer: handle("h0") }, [Op.FLOOD, DATA_AT, 16]),
  },
  {
    name: "starts timers by the hundred",
    script: [
      ...composed({ kind: MessageKind.TIMER }, [Op.SCHEDULE, DATA_AT, 1]),
      ...repeated(400, (index): Command[] => [[Op.SCHEDULE, DATA_AT, 1 + (index % 9)]]),
    ],
  },
  {
    name: "asks models and tools that it was not granted",
    script: repeated(20, () => [
      ...composed({ topic: encodeUtf8("calm.s0") }, [Op.INFER, DATA_AT, 1]),
      [Op.CALL_TOOL, DATA_AT, 1],
    ]),
  },
  {
    name: "cancels what it never began",
    script: repeated(60, (index): Command[] => [[Op.CANCEL, index]]),
  },
  {
    name: "goes on after its end",
    script: [
      ...composed({ peer: handle("h0") }, [Op.SEND, DATA_AT, 5]),
      [Op.EXIT, 0],
      ...composed({ kind: MessageKind.ANSWER, flags: LAST_PART, peer: handle("h0"), correlationId: 1 }, [
        Op.SEND,
        DATA_AT,
        -1,
      ]),
      ...spawning("hostile.late"),
      [Op.EXIT, 1],
    ],
    ends: true,
  },
];

const entries = `
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "agent_shutdown") (result i32) (i32.const 0))`;

/** Faults in every invocation, whatever its supervisor does. */
const faulty = `(module (memory (export "memory") 1) ${entries}
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (unreachable))
  (func (export "agent_step") (param i32) (result i32) (unreachable)))`;

const bombChild =
  '{"id":"hostile.b00000000","module":"bomb","every":1,"capabilities":{"spawn":["*"]},' +
  '"onFault":{"strategy":"restart"}}';

/** Starts a child that does the same in every tick, under a name drawn at random. */
const bomb = `(module
  (import "wasm_engine" "spawn" (func $spawn (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "random" (func $random (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "${bombChild.replaceAll('"', '\\"')}")
  (data (i32.const 8) "r") ${entries}
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (local $digit i32)
    (drop (call $random (i32.const 8) (i32.const 1) (i32.const 16) (i32.const 8)))
    (loop $next
      (i32.store8 offset=80 (local.get $digit) (i32.add (i32.const 97) (i32.and (i32.const 15)
        (i32.load8_u offset=16 (local.get $digit)))))
      (br_if $next (i32.lt_u (local.tee $digit (i32.add (local.get $digit) (i32.const 1))) (i32.const 8))))
    (drop (call $spawn (i32.const 64) (i32.const ${bombChild.length}) (i32.const 32)))
    (i32.const 0)))`;

const supervised: readonly HostileAgent[] = (
  [
    ["restart", "good", 1_000_000],
    ["restart", "good", 3],
    ["restart", "fresh", 1_000_000],
    ["restart", "fresh", 3],
    ["stop", "good", 3],
    ["escalate", "good", 3],
  ] as const
).map(([strategy, from, max]) => ({
  name: `faults for ever under ${strategy} from ${from}, at most ${max}`,
  text: faulty,
  fault: FaultCode.TRAP,
  every: 1,
  onFault: { strategy, from, max, withinTicks: 1000 },
  ends: max === 3,
}));

/** Names of modules other than the script guest. */
export const BOMB = { name: "multiplies", text: bomb, every: 1 } as const satisfies HostileAgent;

/** In the order of their ids h0, h1, … */
export const HOSTILE_AGENTS: readonly HostileAgent[] = [
  ...HOSTILE_SCRIPTS.map(({ name, script, fault, guestCode }) => ({
    name,
    script,
    ...(fault === undefined ? {} : { fault }),
    ...(guestCode === undefined ? {} : { guestCode }),
  })),
  ...HOSTILE_ROOMS.map(({ name, script }) => ({ name, script, fault: FaultCode.GUEST_ERROR })),
  ...HOSTILE_MODULES.map(({ name, text, fault }) => ({
    name,
    text,
    fault,
    ...(name === "agent_init that fails" ? { guestCode: -3 } : {}),
    ends: true,
    onFault: { strategy: "stop" } as const,
  })),
  ...names,
  ...traffic,
  ...supervised,
  BOMB,
];
