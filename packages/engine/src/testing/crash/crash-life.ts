/**
 * One life of the scripted world on a disk that fails, and of the client outside of it: what is acknowledged, what is
 * refused, where it ended. Synchronous: the session is pumped by the caller, so that a life is a function of its disk.
 */

import assert from "node:assert/strict";
import { EngineError } from "@wasm-engine/abi";
import { nodeHasher } from "../../crypto/node-crypto.js";
import { recoverLog } from "../../storage/event-log-reader.js";
import { RunFolder } from "../../storage/run-folder.js";
import { forEachAcknowledgement } from "../../world/acknowledged.js";
import type { ResolvedWorld } from "../../world/contract.js";
import type { ControlRequest, RunResult, WorldEvent } from "../../world/control.js";
import type { WorldOrigin } from "../../world/job.js";
import { openRun } from "../../world/open-run.js";
import { Session } from "../../world/session.js";
import type { FaultFileSystem } from "../fault-file-system.js";
import { ledgerAdapters } from "./asked-ledger.js";
import type { AskedLedger } from "./asked-ledger.js";
import { crashDir, crashTicks } from "./crash-world.js";
import type { ScriptedInput } from "./crash-world.js";

/** What is known outside of the world, over all of its lives. */
export interface Witness {
  /** Sequence of every acknowledged input by its key. */
  readonly acknowledged: Map<string, number>;
  readonly asked: AskedLedger;
  /** A life was opened: from then on there is a run to be found. */
  isStarted: boolean;
  /** Inputs that were refused while the disk was full. */
  refused: number;
}

export function newWitness(): Witness {
  return { acknowledged: new Map(), asked: new Map(), isStarted: false, refused: 0 };
}

export function witnessCopy({ acknowledged, asked, isStarted, refused }: Witness): Witness {
  return { acknowledged: new Map(acknowledged), asked: new Map(asked), isStarted, refused };
}

/** What the client of one life does. */
export interface LifeScript {
  readonly inputs: readonly ScriptedInput[];
  readonly isRepeatable: boolean;
  /** Last tick of the script; default: {@link crashTicks}. */
  readonly ticks?: number;
  /** Called where nothing goes on: a disk that is full gets space. False: nobody can help. */
  readonly relieve?: () => boolean;
}

export interface LifeOptions extends LifeScript {
  readonly world: ResolvedWorld;
}

/** Pumps without any progress before somebody looks at the disk. */
const stuckPumps = 3;
const segmentBytes = 4000;

class Life {
  readonly #session: Session;
  readonly #options: LifeScript;
  readonly #witness: Witness;
  readonly #answers = new Map<number, { readonly value?: unknown; readonly error?: string }>();
  /** Key of an input by the id of its call. */
  readonly #sent = new Map<number, string>();
  #calls = 0;

  /** @param system absent: the disk beneath node:fs */
  constructor(
    system: FaultFileSystem | undefined,
    origin: WorldOrigin,
    options: LifeScript,
    witness: Witness,
  ) {
    this.#options = options;
    this.#witness = witness;
    const run = openRun(origin, {
      writer: "inline",
      pass: () => undefined,
      adapters: ledgerAdapters(witness.asked, options.isRepeatable),
      segmentBytes,
      ...(system === undefined ? {} : { system }),
    });
    witness.isStarted = true;
    this.#session = new Session(run, (event) => this.#hear(event), { start: "paused", realtime: false });
  }

  /** Sends and steps up to the last tick, then stops the world. */
  play(logged: ReadonlySet<string>): RunResult {
    const { inputs, ticks = crashTicks } = this.#options;
    for (const { key, afterTick, body } of inputs) {
      if (logged.has(key)) continue;
      this.#stepTo(afterTick);
      this.#send(key, body);
    }
    this.#stepTo(ticks);
    this.#pumpUntil(() => inputs.every(({ key }) => logged.has(key) || this.#witness.acknowledged.has(key)));
    const id = this.#call({ method: "stop", reason: "stopped" });
    this.#pumpUntil(() => this.#answers.has(id));
    return this.#answers.get(id)?.value as RunResult; // what `stop` answers
  }

  get #tick(): number {
    const id = this.#call({ method: "status" });
    const { value } = this.#answers.get(id) ?? {};
    return (value as { tick: number }).tick; // what `status` answers
  }

  /** A world on a full disk answers questions and takes nothing. */
  #probeFull(): void {
    const tick = this.#tick;
    const id = this.#call({ method: "inspect", agent: "a1", describe: false });
    assert.ok(this.#answers.get(id)?.value !== undefined, "a full disk leaves the world readable");
    const [first] = this.#options.inputs;
    assert.ok(first !== undefined, "the script has inputs");
    const refusal = this.#call({ method: "input", body: first.body, key: "refused" });
    assert.match(this.#answers.get(refusal)?.error ?? "taken", /^WE_(LOG|DISK)_FULL$/);
    this.#session.pump();
    assert.equal(this.#tick, tick, "a full disk stops the ticks");
    this.#witness.refused += 1;
  }

  #stepTo(tick: number): void {
    const ticks = tick - this.#tick;
    if (ticks <= 0) return;
    const id = this.#call({ method: "step", ticks });
    this.#pumpUntil(() => this.#answers.has(id));
    assert.equal(this.#tick, tick, "every tick of this world has work");
  }

  /** Sends until it is taken: while a disk is full, inputs are refused. */
  #send(key: string, body: ScriptedInput["body"]): void {
    for (let attempt = 0; ; attempt += 1) {
      const id = this.#call({ method: "input", body, key });
      const error = this.#answers.get(id)?.error;
      if (error === undefined) return void this.#sent.set(id, key);
      assert.match(error, /^WE_(LOG|DISK)_FULL$/);
      assert.ok(attempt < 10, "an input is taken when space has returned");
      this.#relieve();
    }
  }

  #pumpUntil(isDone: () => boolean): void {
    let stuck = 0;
    while (!isDone()) {
      const waitMs = this.#session.pump();
      stuck = waitMs > 0 && !isDone() ? stuck + 1 : 0;
      if (stuck < stuckPumps) continue;
      this.#probeFull();
      this.#relieve();
      stuck = 0;
    }
  }

  #relieve(): void {
    assert.ok(this.#options.relieve?.() === true, "the world stands still, and its disk is not full");
    this.#session.pump();
  }

  #call(request: ControlRequest): number {
    this.#calls += 1;
    this.#session.handle({ id: this.#calls, request });
    return this.#calls;
  }

  #hear(event: WorldEvent): void {
    if (event.kind === "refusal") this.#answers.set(event.id, { error: event.error.code });
    if (event.kind === "acknowledged")
      return forEachAcknowledgement(event, (id, value) => this.#hearAnswer(id, value));
    if (event.kind === "answer") this.#hearAnswer(event.id, event.value);
  }

  #hearAnswer(id: number, value: unknown): void {
    this.#answers.set(id, { value });
    const key = this.#sent.get(id);
    if (key !== undefined) this.#witness.acknowledged.set(key, (value as { seq: number }).seq); // Acknowledgement
  }
}

/** The run on a disk, for reading. */
export function crashFolder(system: FaultFileSystem): RunFolder {
  return RunFolder.open(crashDir, nodeHasher, system);
}

/** Keys of the inputs in the log; each must be there once. */
export function loggedKeys(system: FaultFileSystem): ReadonlyMap<string, number> {
  const keys = new Map<string, number>();
  for (const { inputs } of recoverLog(crashFolder(system).log).ticks()) {
    for (const { key, seq } of inputs) {
      if (key === undefined) continue;
      assert.ok(!keys.has(key), `${key} is in the log twice`);
      keys.set(key, seq);
    }
  }
  return keys;
}

/** One life on the disk beneath node:fs. @param logged keys that need not be sent @throws what its disk does */
export function mountedLife(
  origin: WorldOrigin,
  options: LifeScript,
  witness: Witness,
  logged: ReadonlySet<string> = new Set(),
): RunResult {
  return new Life(undefined, origin, options, witness).play(logged);
}

/** A new run from its first tick to its last. @throws what its disk does */
export function firstLife(system: FaultFileSystem, options: LifeOptions, witness: Witness): RunResult {
  const origin = { kind: "new", world: options.world, dir: crashDir } as const;
  return new Life(system, origin, options, witness).play(new Set());
}

/** Goes on with what a former life left. Undefined where that never started. */
export function nextLife(
  system: FaultFileSystem,
  options: LifeOptions,
  witness: Witness,
): RunResult | undefined {
  const life = openedLife(system, options, witness);
  if (life === undefined) return undefined;
  return life.play(new Set(loggedKeys(system).keys()));
}

function openedLife(system: FaultFileSystem, options: LifeOptions, witness: Witness): Life | undefined {
  try {
    return new Life(system, { kind: "resume", dir: crashDir }, options, witness);
  } catch (error) {
    const neverCodes = ["WE_RUN_NOT_FOUND", "WE_RUN_NEVER_STARTED"];
    if (!EngineError.is(error) || !neverCodes.includes(error.code)) throw error;
    assert.equal(witness.isStarted, false, `a started run is found: ${error.message}`);
    return undefined;
  }
}
