/**
 * Measures what executing costs per turn of one message in and one SEND out, and what an image digest costs per
 * agent, without the core.
 *   node --disable-wasm-trap-handler packages/executor/dist/testing/turn-cost.js [agents] [ticks] [pages]
 * Every turn changes so many pages of 4 KiB besides those of its messages; default: 1.
 * Processor time of the process, so that what others run on the machine counts least; the first third of the ticks
 * warms up. Prints one JSON document.
 */

import { hash } from "node:crypto";
import { EntryCode, OutcomeRegion, TurnRegion, encodeMessage, limits } from "@wasm-engine/abi";
import { EMPTY_LEDGER } from "../executor-contract.js";
import { createTurnExecutor } from "../turn-executor.js";
import { message } from "./script-guest.js";
import { agentId, guest, handleFor } from "./test-world.js";

const [agentCount = 1000, tickCount = 3200, pageCount = 1] = process.argv.slice(2, 5).map(Number);

/** Counts on every page, copies what it was sent into its reply, sends that to where the message came from. */
const REPLYING = `(module
  (import "wasm_engine" "send" (func $send (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $count (mut i32) (i32.const 0))
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 0x8000))
  (func (export "agent_init") (result i32)
    (i32.store (i32.const 0x1000) (i32.const 48))
    (i32.store (i32.const 0x102c) (i32.const 64))
    (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (i32.const 0))
  (func (export "agent_receive") (param $message i32) (result i32) (local $at i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (local.set $at (i32.const 0x4000))
    (loop $next
      (i32.store (local.get $at) (global.get $count))
      (local.set $at (i32.add (local.get $at) (i32.const 4096)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const ${0x4000 + pageCount * 4096}))))
    (i64.store (i32.const 0x1018) (i64.load offset=24 (local.get $message)))
    (memory.copy (i32.const 0x1030) (i32.add (local.get $message) (i32.const 48)) (i32.const 64))
    (call $send (i32.const 0x1000) (i32.const -1)))
  (func (export "agent_shutdown") (result i32) (i32.const 0)))`;

const payloadBytes = 64;
/** As many as ticks between state hashes. */
const digestEveryTicks = 64;

function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash("sha256", bytes, "binary");
  const digest = new Uint8Array(32);
  for (let index = 0; index < 32; index += 1) digest[index] = text.charCodeAt(index);
  return digest;
}

/** Processor time of all threads of the process. */
function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const module = guest(REPLYING);
const names = Array.from({ length: agentCount }, (_, index) => `a${index}`);
const agents = names.map(handleFor);
const executor = createTurnExecutor({ modules: () => module, sha256, depthBytes: limits.depthBytes });
executor.apply(
  names.map((name, index) => ({
    kind: "create" as const,
    agent: agents[index] ?? handleFor(name),
    id: agentId(name),
    module: module.digest,
    limits: {
      fuelPerSlice: limits.fuelPerSliceDefault,
      fuelPerTurnMax: limits.fuelPerSliceDefault,
      memoryBytes: limits.memoryBytesMaxDefault,
      mailboxMessages: limits.mailboxMessagesMaxDefault,
      messagesPerTurnMax: limits.messagesPerTurnMaxDefault,
    },
    streamSeed: sha256(Buffer.from(name)),
    ledger: EMPTY_LEDGER,
  })),
  0,
);

const allocate = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);
const turns = new TurnRegion(allocate, 65_536);
const outcomes = new OutcomeRegion(allocate, 65_536);
const letters = agents.map((_, index) =>
  encodeMessage(
    message({ peer: agents[(index + 1) % agentCount] ?? 0, payload: new Uint8Array(payloadBytes) }),
  ),
);
const letterBytes = letters[0]?.length ?? 0;
const mail = new Uint8Array(agentCount * letterBytes);
for (const [index, letter] of letters.entries()) mail.set(letter, index * letterBytes);

turns.begin(0, 0n);
for (const [index, agent] of agents.entries()) {
  turns.beginTurn(agent, index);
  turns.invoke(EntryCode.INIT);
}
executor.executeTurns(turns.region, mail, outcomes);

/** Processor microseconds per turn, per stretch between two digests, and per agent and digest. */
const executing: number[] = [];
const digesting: number[] = [];
for (let tick = 1; tick <= tickCount; tick += digestEveryTicks) {
  let microseconds = 0;
  for (let count = 0; count < digestEveryTicks; count += 1) {
    turns.begin(tick + count, BigInt(tick + count));
    for (const [index, agent] of agents.entries()) {
      turns.beginTurn(agent, index);
      turns.invokeWithMail(EntryCode.RECEIVE, index * letterBytes, letterBytes);
    }
    const start = processorMicroseconds();
    executor.executeTurns(turns.region, mail, outcomes);
    microseconds += processorMicroseconds() - start;
  }
  executing.push(microseconds / agentCount / digestEveryTicks);
  const start = processorMicroseconds();
  executor.imageDigests(agents);
  digesting.push((processorMicroseconds() - start) / agentCount);
}

function summary(figures: readonly number[]): { readonly least: number; readonly median: number } {
  const settled = figures.slice(Math.floor(figures.length / 3)).map((figure) => Number(figure.toFixed(3)));
  settled.sort((left, right) => left - right);
  return { least: settled[0] ?? 0, median: settled[settled.length >> 1] ?? 0 };
}

process.stdout.write(
  `${JSON.stringify({
    node: process.version,
    agents: agentCount,
    pages: pageCount,
    microsecondsPerTurn: summary(executing),
    microsecondsPerDigest: summary(digesting),
    figures: executor.figures(),
  })}\n`,
);
