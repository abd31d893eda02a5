/** Shape of engine.yaml after the schema has accepted it: what is written, without defaults. */

import type { Json, Policy, ProviderName } from "@wasm-engine/core";
import type { FailingSetup } from "../adapters/contract.js";
import type { Delivery, Durability } from "../world/contract.js";

export interface LimitsEntry {
  readonly fuelPerSlice?: number;
  readonly fuelPerTurnMax?: number;
  readonly memoryBytes?: number;
  readonly mailboxMessages?: number;
  readonly messagesPerTurnMax?: number;
}

export interface CapabilitiesEntry {
  readonly send?: readonly string[];
  readonly topics?: readonly string[];
  readonly models?: readonly string[];
  readonly tools?: readonly string[];
  readonly spawn?: readonly string[];
}

export interface FaultEntry {
  readonly strategy: "restart" | "stop" | "escalate";
  readonly from?: "good" | "fresh";
  readonly max?: number;
  readonly withinTicks?: number;
}

export interface AgentEntry {
  readonly each?: string;
  readonly id: string;
  readonly module: string;
  readonly args?: Json;
  readonly tenant?: string;
  readonly priority?: number;
  readonly every?: number;
  readonly channels?: readonly string[];
  readonly capabilities?: CapabilitiesEntry;
  readonly limits?: LimitsEntry;
  readonly onFault?: FaultEntry;
}

export interface InputEntry {
  readonly file: string;
  readonly format?: "csv" | "jsonl";
  readonly at?: string | { readonly field: string; readonly unit?: "time" | "tick" };
  readonly to?: string;
  readonly topic: string;
  readonly fields?:
    | readonly string[]
    | Readonly<
        Record<string, string | { readonly field: string; readonly type?: "auto" | "text" | "number" }>
      >;
  readonly key?: string;
}

export interface TenantEntry {
  readonly fuelPerTick: number;
  readonly turnsPerTick: number;
  readonly messagesPerTick?: number;
  readonly agentsMax?: number;
  readonly share?: "reserved" | "elastic";
}

/** A public key: a file, or 64 hexadecimal digits. */
export type TrustKeyEntry =
  string | { readonly key: string; readonly ceiling?: CapabilitiesEntry & { readonly limits?: LimitsEntry } };

export interface TrustEntry {
  readonly keys?: readonly string[] | Readonly<Record<string, TrustKeyEntry>>;
  readonly require?: { readonly threshold: number; readonly of?: readonly string[] };
  readonly allowUnsigned?: boolean;
}

export type ModuleEntry = string | { readonly path: string; readonly digest?: string };

/** Where a secret comes from; a text would be the secret itself and is refused. */
export type SecretEntry = string | { readonly env?: string; readonly file?: string };

/** An entry that answers without a model or a tool; exactly one of the first three is there. */
export interface FakeEntry {
  readonly scripted?: string;
  readonly recorded?: string;
  readonly failing?: FailingSetup["how"];
  readonly code?: string;
  readonly message?: string;
  readonly latencyTicks?: number;
  readonly delivery?: Delivery;
  readonly timeoutMs?: number;
}

/** A model with more than its folder; exactly one of path, openai, scripted, recorded, failing is there. */
export interface ModelFileEntry extends FakeEntry {
  readonly path?: string;
  readonly file?: string;
  readonly version?: string;
  readonly sha256?: string;
  readonly providers?: readonly ProviderName[];
  readonly pinned?: boolean;
  readonly thread?: "shared" | "own";
  readonly workers?: number;
  readonly prefillTokensPerTick?: number;
  readonly tokensPerTick?: number;
  readonly openai?: string;
  readonly model?: string;
  readonly key?: SecretEntry;
  readonly parameters?: Readonly<Record<string, Json>>;
  readonly concurrency?: number;
  readonly reuse?: boolean;
  readonly remote?: boolean;
}

/** A tool with more than its file; exactly one of path, scripted, recorded, failing is there. */
export interface ToolEntry extends FakeEntry {
  readonly program?: true;
  readonly path?: string;
  readonly export?: string;
  readonly secrets?: Readonly<Record<string, SecretEntry>>;
  readonly idempotent?: boolean;
  readonly reuse?: boolean;
}

export interface InferenceEntry {
  readonly providers?: readonly ProviderName[];
  readonly delivery?: Delivery;
  readonly strict?: boolean;
  readonly weightBytesMax?: number;
  readonly kvBytesMax?: number;
}

/** Something that holds at all times. */
export interface InvariantEntry {
  readonly name: string;
  readonly agent?: string;
  /** Exactly one of these two is there. */
  readonly expression?: string;
  readonly function?: string;
  readonly every?: number;
}

export interface ConfigFile {
  readonly version: 1;
  readonly name: string;
  readonly seed?: number;
  readonly clock?: { readonly tickMs?: number; readonly epoch?: string };
  readonly stop?: { readonly when?: string; readonly tick?: number; readonly maxTicks?: number };
  readonly policy?: Policy;
  readonly stride?: number;
  readonly shards?: number;
  readonly stateHashEvery?: number;
  readonly turnsPerTickMax?: number;
  readonly retainTicks?: number;
  readonly agentsMax?: number;
  readonly tenants?: Readonly<Record<string, TenantEntry>>;
  readonly modules: Readonly<Record<string, ModuleEntry>>;
  readonly models?: Readonly<Record<string, string | ModelFileEntry>>;
  readonly inference?: InferenceEntry;
  readonly tools?: Readonly<Record<string, string | ToolEntry>>;
  readonly limits?: LimitsEntry;
  readonly agents: readonly AgentEntry[];
  readonly inputs?: readonly InputEntry[];
  readonly outputs?: readonly { readonly topic: string; readonly file: string }[];
  readonly invariants?: readonly InvariantEntry[];
  readonly durability?: Durability;
  readonly ticksAheadMax?: number;
  readonly snapshotEvery?: number;
  readonly snapshotsKept?: number | "all";
  readonly trust?: TrustEntry;
}
