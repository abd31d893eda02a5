/** Options of `createWorld`, as a test writes them. */

import type { Json, Policy } from "@wasm-engine/core";
import type { CapabilitiesEntry, FaultEntry, LimitsEntry } from "../config/config-file.js";
import type { ModelAnswers, ToolAnswers } from "./answers.js";

/** A source (.ts, .mts, .js, .mjs, .c), a .wasm file, or the bytes of a module. */
export type ModuleSource = string | URL | Uint8Array;

export interface AgentOptions {
  /** A name of `modules`, or the module itself. */
  readonly module: ModuleSource;
  readonly args?: Json;
  /** Wins per kind over what the module declares. */
  readonly capabilities?: CapabilitiesEntry;
  /** Kinds of capabilities that the agent does not get, whatever its module declares. */
  readonly deny?: readonly (keyof CapabilitiesEntry)[];
  readonly limits?: LimitsEntry;
  readonly onFault?: FaultEntry;
  readonly priority?: number;
  /** Cadence in ticks. */
  readonly every?: number;
  /** Topics joined from the start. */
  readonly channels?: readonly string[];
  readonly tenant?: string;
}

/** A message from outside. */
export interface TestInput {
  /** Tick in which it is received. */
  readonly tick: number;
  readonly to: string;
  readonly topic?: string;
  readonly body: Json | Uint8Array;
  /** The receiver may answer; the answer is among the messages. */
  readonly answerWanted?: boolean;
}

interface CommonOptions {
  /** Folder that paths are relative to, and whose `.wasm-engine` keeps builds. @default the working directory */
  readonly directory?: string | URL;
  /**
   * Who answers for models, by name. What a configuration names and the test does not is answered as in a run, but for
   * servers and models in folders: those are answered FAILED.
   */
  readonly models?: Readonly<Record<string, ModelAnswers>>;
  /** Who answers for tools, by name. */
  readonly tools?: Readonly<Record<string, ToolAnswers>>;
  /**
   * Values of secrets by the names that tools ask by. Tools that the test gives are granted all of them; those of a
   * configuration what it grants, with these values where they have the name.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly seed?: number;
}

/** A world of its own, by its agents. */
export interface AgentsWorld extends CommonOptions {
  /** By id; a module alone stands for an agent with nothing but it. */
  readonly agents: Readonly<Record<string, ModuleSource | AgentOptions>>;
  /** Modules by the names under which agents spawn them. */
  readonly modules?: Readonly<Record<string, ModuleSource>>;
  /** @default "test" */
  readonly name?: string;
  /** Virtual time of a tick. @default 100 */
  readonly tickMs?: number;
  /** Virtual time of tick 0, ISO 8601. @default 1970-01-01T00:00:00Z */
  readonly epoch?: string;
  readonly policy?: Policy;
  /** Messages from outside by tick, in that order; `send` adds others as the test goes on. */
  readonly inputs?: readonly TestInput[];
  readonly limits?: LimitsEntry;
  readonly config?: never;
}

/** The world of an engine.yaml: its agents, capabilities, limits and clock. Nothing of it is asked outside. */
export interface ConfiguredWorld extends CommonOptions {
  /** Path of engine.yaml, or of a folder that holds one. */
  readonly config: string | URL;
  /** Delivers what the input files hold. @default true */
  readonly inputs?: boolean;
  readonly agents?: never;
}

export type WorldOptions = AgentsWorld | ConfiguredWorld;
