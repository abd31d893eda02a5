/** Library entry of the published package: the engine's façade, and the tables that documentation is made from. */

export { commands } from "./command-table.js";
export { errorCatalogue } from "./error-catalogue.js";
export type { CommandDefinition } from "./command.js";
export type { CatalogueEntry } from "./error-catalogue.js";
export {
  Engine,
  RunningWorld,
  bundleRun,
  diffRuns,
  forkRun,
  inspectRun,
  loadConfig,
  logsOfRun,
  openBundle,
  replayRun,
} from "@wasm-engine/engine";
export type {
  Acknowledgement,
  AgentInput,
  AgentReport,
  BundleReport,
  ConsoleLine,
  DiffReport,
  Durability,
  FaultReport,
  ForkOptions,
  ForkReport,
  OpenOptions,
  OpenedBundle,
  Payload,
  Progress,
  ReceivedMessage,
  ReplayOptions,
  ReplayReport,
  RunOptions,
  RunResult,
  SendOptions,
  SnapshotState,
  StopRule,
  TaskInput,
  TelemetryEvent,
  TelemetryHook,
  WorldReport,
} from "@wasm-engine/engine";
export { EngineError } from "@wasm-engine/abi";
