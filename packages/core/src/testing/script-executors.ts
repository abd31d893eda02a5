/**
 * The executors' port without WebAssembly: an agent is a function, its memory is a text. Faults roll an
 * invocation back, turns of several slices stay pending until they land, as the port demands.
 */

import { FaultCode, assert, decodeMessage, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { MailRegion, OutcomeReader, TurnRegion } from "@wasm-engine/abi";
import type {
  AgentLimits,
  AgentOperation,
  Executors,
  Ledger,
  PopulationChange,
  UpgradeOutcome,
} from "../ports.js";
import { nodeHasher } from "./node-hasher.js";
import { ObjectExecutors } from "./object-executors.js";
import type {
  Fault,
  Invocation,
  Plan,
  RegionOptions,
  SealedView,
  Turn,
  TurnOutcome,
} from "./object-executors.js";
import { ScriptContext, ScriptFault, type ScriptInvocation } from "./script-context.js";

export type Script = (context: ScriptContext, invocation: ScriptInvocation) => void;

export interface ScriptOptions extends RegionOptions {
  /** How upgrades end; `imported` without fuel where absent. */
  readonly upgrade?: (id: AgentId, module: ModuleDigest) => Omit<UpgradeOutcome, "agent">;
}

/** Image of a scripted agent; `pending` is what a turn that has not landed will leave. */
export interface ScriptImage {
  readonly handle: AgentHandle;
  readonly id: AgentId;
  readonly limits: AgentLimits;
  module: ModuleDigest;
  state: string;
  ledger: Ledger;
  pending: { readonly state: string; readonly ledger: Ledger } | undefined;
}

export class ScriptExecutors implements Executors {
  readonly operations: AgentOperation[] = [];
  readonly #script: Script;
  readonly #options: ScriptOptions;
  readonly #images = new Map<AgentHandle, ScriptImage>();
  readonly #port: ObjectExecutors;

  constructor(script: Script, options: ScriptOptions = {}, images: readonly ScriptImage[] = []) {
    this.#script = script;
    this.#options = options;
    this.#port = new ObjectExecutors((tick, turn, view) => this.#turn(tick, turn, view), options);
    for (const image of images) this.#images.set(image.handle, { ...image });
  }

  /** Every plan that was executed. */
  get plans(): readonly Plan[] {
    return this.#port.plans;
  }

  /** How many messages came beside their turns, and in the mail regions. */
  get messages(): { readonly inline: number; readonly mail: number } {
    return { inline: this.#port.inlineMessages, mail: this.#port.mailMessages };
  }

  /** Images as a snapshot would hold them. */
  images(): ScriptImage[] {
    return [...this.#images.values()].map((image) => ({ ...image }));
  }

  stateOf(id: string): string | undefined {
    return [...this.#images.values()].find((image) => image.id === id)?.state;
  }

  apply(operations: readonly AgentOperation[]): readonly UpgradeOutcome[] {
    const outcomes: UpgradeOutcome[] = [];
    for (const operation of operations) {
      this.operations.push(operation);
      const outcome = this.#apply(operation);
      if (outcome !== undefined) outcomes.push(outcome);
    }
    return outcomes;
  }

  seal(change: PopulationChange): void {
    this.#port.seal(change);
  }

  mail(tick: number): MailRegion {
    return this.#port.mail(tick);
  }

  beginTick(tick: number, timeNanos: bigint): void {
    this.#port.beginTick(tick, timeNanos);
  }

  turnsOf(agent: AgentHandle): TurnRegion {
    return this.#port.turnsOf(agent);
  }

  execute(): void {
    this.#port.execute();
  }

  outcomesOf(agent: AgentHandle): OutcomeReader {
    return this.#port.outcomesOf(agent);
  }

  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[] {
    return agents.map((handle) => {
      const { module, state } = this.#image(handle);
      return nodeHasher.sha256(encodeUtf8(JSON.stringify([module, state])));
    });
  }

  #image(handle: AgentHandle): ScriptImage {
    const image = this.#images.get(handle);
    assert(image !== undefined, "the executors know the agent");
    return image;
  }

  #apply(operation: AgentOperation): UpgradeOutcome | undefined {
    const { agent: handle } = operation;
    switch (operation.kind) {
      case "create": {
        assert(!this.#images.has(handle), "an agent is created once");
        const { id, limits, module, ledger } = operation;
        this.#images.set(handle, { handle, id, limits, module, state: "", ledger, pending: undefined });
        return undefined;
      }
      case "reset":
        this.#image(handle).state = "";
        return undefined;
      case "upgrade":
        return this.#upgrade(this.#image(handle), operation.module);
      case "drop":
        assert(this.#images.delete(handle), "only known agents are dropped");
        return undefined;
      case "land": {
        const image = this.#image(handle);
        assert(image.pending !== undefined, "only pending turns land");
        Object.assign(image, image.pending, { pending: undefined });
        return undefined;
      }
    }
  }

  #upgrade(image: ScriptImage, module: ModuleDigest): UpgradeOutcome {
    assert(image.pending === undefined, "busy agents are not upgraded");
    const outcome = this.#options.upgrade?.(image.id, module) ?? { result: "imported", fuel: 0 };
    if (outcome.result !== "refused") image.module = module;
    if (outcome.result === "fresh") image.state = "";
    return { agent: image.handle, ...outcome };
  }

  #turn(tick: number, turn: Turn, view: SealedView): TurnOutcome {
    const image = this.#image(turn.agent);
    assert(image.pending === undefined, "busy agents take no turns");
    let { state, ledger } = image;
    let fuel = 0;
    let completed = 0;
    let fault: Fault | undefined;
    const effects: Uint8Array[] = [];
    const messagesMax = ledger.messages + image.limits.messagesPerTurnMax;
    for (const [index, invocation] of turn.invocations.entries()) {
      const context = new ScriptContext({ ...image, state, ledger }, { tick, view, index, messagesMax });
      const failure = this.#invoke(context, invocation, image.limits.fuelPerTurnMax - fuel);
      fuel += context.fuel;
      if (failure !== undefined) {
        fault = { code: failure.faultCode, guestCode: failure.guestCode };
        fuel = Math.ceil(fuel / image.limits.fuelPerSlice) * image.limits.fuelPerSlice;
        break;
      }
      ({ state, ledger } = context);
      effects.push(...context.effects);
      completed += 1;
    }
    fuel = Math.min(fuel, image.limits.fuelPerTurnMax);
    if (fuel > image.limits.fuelPerSlice) image.pending = { state, ledger };
    else Object.assign(image, { state, ledger });
    const bytes = new Uint8Array(Buffer.concat(effects));
    return { fuel, completed, effects: bytes, ledger, ...(fault === undefined ? {} : { fault }) };
  }

  #invoke(context: ScriptContext, invocation: Invocation, fuelMax: number): ScriptFault | undefined {
    const message = invocation.message === undefined ? undefined : decodeMessage(invocation.message);
    const topic = message === undefined ? "" : (decodeUtf8(message.topic) ?? "");
    const text = message === undefined ? "" : (decodeUtf8(message.payload) ?? "");
    try {
      this.#script(context, { entry: invocation.entry, message, topic, text });
    } catch (error) {
      if (error instanceof ScriptFault) return error;
      throw error;
    }
    return context.fuel > fuelMax ? new ScriptFault(FaultCode.OUT_OF_FUEL, 0) : undefined;
  }
}
