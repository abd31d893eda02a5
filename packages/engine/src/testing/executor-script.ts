/**
 * Drives an executor through its port with a random script, without a world: turns, changes of the population,
 * digests, images. Writes down everything that a world could notice, so that two executors can be compared.
 */

import { createHash } from "node:crypto";
import { EntryCode, handleOfId } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, ModuleDigest } from "@wasm-engine/abi";
import { EMPTY_LEDGER } from "@wasm-engine/executor";
import type { AgentOperation } from "@wasm-engine/executor";
import { SeededRandom } from "../../../core/dist/testing/seeded-random.js";
import { DATA_AT, Op, scriptGuest, scriptMessage } from "../../../executor/dist/testing/script-guest.js";
import type { Command } from "../../../executor/dist/testing/script-guest.js";
import { SCRIPT_GUEST, TEST_LIMITS, guest } from "../../../executor/dist/testing/test-world.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";

/** The other module of the script: what agents are upgraded to. */
const OTHER_GUEST = guest(scriptGuest(`(func (export "agent_describe") (result i32) (i32.const 0))`));

/** Instrumented bytes of what the script runs. */
export const SCRIPT_MODULES: ReadonlyMap<ModuleDigest, Uint8Array> = new Map(
  [SCRIPT_GUEST, OTHER_GUEST].map(({ digest, bytes }) => [digest, bytes]),
);

const agentCount = 24;
const ticks = 40;
const sliceFuel = 60_000;

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** What the script can do to an agent that the world would see as one message. */
function randomCommands(random: SeededRandom): readonly Command[] {
  const data = DATA_AT + 64 * random.below(16);
  const choices: readonly (readonly Command[])[] = [
    [[Op.STORE, data, random.below(1_000_000)]],
    [[Op.COUNT, random.below(100)]],
    [[Op.RANDOM, data, random.below(3), data + 16]],
    [[Op.TICK, data]],
    [[Op.TIME, data]],
    [[Op.SPIN, random.below(9000)]],
    [[Op.GROW, 1]],
    [[Op.DROP_SEGMENT], [Op.INIT_SEGMENT, data]],
    [[Op.TRAP, random.below(5)]],
    [[Op.RETURN, -7]],
    [[Op.LOG, 1, data, 32]],
    [[Op.LOG, 0, data, 40_000]],
  ];
  return Array.from({ length: 1 + random.below(4) }, () => random.pick(choices)).flat();
}

/** One run of the script of `seed`. */
export class ExecutorScript {
  readonly #executor: AgentExecutor;
  readonly #random: SeededRandom;
  readonly #alive = new Map<AgentId, AgentHandle>();
  /** Agents whose turn of several slices has not landed. */
  readonly #busy = new Set<AgentHandle>();
  readonly #fresh = new Set<AgentHandle>();
  readonly #lines: string[] = [];
  #tick = 0;
  #created = 0;
  readonly #isLate: boolean;
  /** Digests that are told at a later tick than that of their images. */
  #told: { readonly tick: number; readonly digests: readonly Uint8Array[] | undefined } | undefined;

  /** `isLate`: digests that are told later are computed later, too. */
  constructor(executor: AgentExecutor, seed: number, isLate = false) {
    this.#executor = executor;
    this.#random = new SeededRandom(seed);
    this.#isLate = isLate;
  }

  /** Everything that could be noticed, line by line. `onTick` is called before every tick. */
  run(onTick: (tick: number) => void = () => undefined): readonly string[] {
    this.#change(Array.from({ length: agentCount }, () => this.#create()));
    for (let count = 0; count < ticks; count += 1) {
      onTick(count);
      this.#runTick();
    }
    this.#tell(Infinity);
    const agents = [...this.#alive.values()];
    for (const agent of agents) {
      const described = this.#executor.describe(agent);
      this.#lines.push(`describe ${agent} ${described === undefined ? "none" : hex(described)}`);
    }
    for (const { agent, memory, state, ledger, pending } of this.#executor.images()) {
      const parts = [hex(sha256(memory)), hex(state), JSON.stringify(ledger), pending?.length ?? 0];
      this.#lines.push(`image ${agent} ${parts.join(" ")}`);
    }
    this.#lines.push(`agents ${this.#executor.figures().agents}`);
    return this.#lines;
  }

  #runTick(): void {
    const random = this.#random;
    this.#tick += 1;
    const landing = [...this.#busy].map((agent): AgentOperation => ({ kind: "land", agent }));
    this.#busy.clear();
    this.#change([...landing, ...this.#randomOperations()]);
    const chosen = [...this.#alive.values()].filter((agent) => this.#fresh.has(agent) || random.oneIn(2));
    if (chosen.length > 0) this.#execute(chosen);
    this.#tell(this.#tick);
    if (!random.oneIn(3) || this.#told !== undefined) return;
    const asked = [...this.#alive.values()].filter(() => random.oneIn(2));
    const tick = this.#tick + random.below(4);
    const { late } = this.#executor;
    if (this.#isLate) late?.begin(asked);
    this.#told = { tick, digests: this.#isLate ? undefined : this.#executor.imageDigests(asked) };
    this.#tell(this.#tick);
  }

  /** Digests of an earlier moment, where it is time for them. */
  #tell(now: number): void {
    const told = this.#told;
    const { late } = this.#executor;
    if (this.#isLate && told !== undefined) late?.advance(3);
    if (told === undefined || told.tick > now) return;
    this.#told = undefined;
    this.#lines.push(`digests ${(told.digests ?? late?.take() ?? []).map(hex).join(" ")}`);
  }

  #randomOperations(): AgentOperation[] {
    const random = this.#random;
    const operations: AgentOperation[] = [];
    for (const [id, agent] of [...this.#alive]) {
      if (!random.oneIn(40)) continue;
      const kind = random.pick(["drop", "reset", "upgrade"] as const);
      if (kind === "drop") this.#alive.delete(id);
      if (kind === "upgrade") operations.push({ kind, agent, module: OTHER_GUEST.digest });
      else operations.push({ kind, agent });
      if (kind === "reset") this.#fresh.add(agent);
    }
    if (random.oneIn(4)) operations.push(this.#create());
    return operations;
  }

  #create(): AgentOperation {
    this.#created += 1;
    const id = `agent-${this.#created}` as AgentId; // brand: test data
    const agent = handleOfId(sha256, id);
    this.#alive.set(id, agent);
    this.#fresh.add(agent);
    return {
      kind: "create",
      agent,
      id,
      module: SCRIPT_GUEST.digest,
      limits: { ...TEST_LIMITS, fuelPerSlice: sliceFuel, fuelPerTurnMax: 4 * sliceFuel },
      streamSeed: sha256(Buffer.from(id)),
      ledger: EMPTY_LEDGER,
    };
  }

  #change(operations: readonly AgentOperation[]): void {
    for (const outcome of this.#executor.apply(operations, this.#tick)) {
      this.#lines.push(`upgrade ${JSON.stringify(outcome)}`);
      if (outcome.result === "fresh") this.#fresh.add(outcome.agent);
    }
    for (const operation of operations) if (operation.kind === "drop") this.#fresh.delete(operation.agent);
    const added = operations.flatMap((operation) =>
      operation.kind === "create" ? [[operation.id, operation.agent] as const] : [],
    );
    this.#executor.seal({ added, removed: [] });
  }

  #execute(agents: readonly AgentHandle[]): void {
    const mail = this.#executor.mail(this.#tick);
    mail.begin();
    this.#executor.beginTick(this.#tick, BigInt(this.#tick) * 1_000_000n);
    for (const [planIndex, agent] of agents.entries()) this.#writeTurn(agent, planIndex);
    this.#executor.execute();
    for (const [planIndex, agent] of agents.entries()) {
      const reader = this.#executor.outcomesOf(agent);
      reader.advance(planIndex);
      const { start, streamsStart, streamsBytes, fuel, region } = reader;
      this.#lines.push(
        `turn ${this.#tick} ${hex(region.bytes.subarray(start, streamsStart + streamsBytes))}`,
      );
      if (fuel > sliceFuel) this.#busy.add(agent);
    }
  }

  #writeTurn(agent: AgentHandle, planIndex: number): void {
    const random = this.#random;
    const turns = this.#executor.turnsOf(agent);
    turns.beginTurn(agent, planIndex);
    if (this.#fresh.delete(agent)) turns.invoke(EntryCode.INIT);
    for (let count = random.below(3); count >= 0; count -= 1) {
      const message = scriptMessage(randomCommands(random));
      const mail = this.#executor.mail(this.#tick);
      const offset = random.oneIn(2) ? mail.claim(message.length) : -1;
      if (offset < 0) {
        turns.invokeWithMessage(EntryCode.RECEIVE, message);
        continue;
      }
      mail.region.bytes.set(message, offset);
      turns.invokeWithMail(EntryCode.RECEIVE, offset, message.length);
    }
  }
}
