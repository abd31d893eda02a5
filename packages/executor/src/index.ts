/** Executor of agents: instances, host functions, invocation loop, images. Runs in Node and browsers. */

export { EMPTY_LEDGER } from "./executor-contract.js";
export type {
  AgentImage,
  AgentLimits,
  AgentOperation,
  CallWitness,
  Entry,
  ExecutorFigures,
  ExecutorOptions,
  FaultDetail,
  GuestModule,
  ImagePages,
  InProcessExecutor,
  InProcessExecutorOptions,
  JournalEntry,
  Ledger,
  PageComparison,
  PagedImage,
  PaidCall,
  PopulationChange,
  LateDigests,
  TurnExecutor,
  UpgradeOutcome,
} from "./executor-contract.js";
export type { WasmImports } from "./webassembly.js";
export { EXECUTOR_ERRORS } from "./errors.js";
export { createInProcessExecutor } from "./in-process-executor.js";
export { openProbeRing } from "./probe-ring.js";
export type { ProbeRing } from "./probe-ring.js";
export { createTurnExecutor } from "./turn-executor.js";
export { imageDigest } from "./base-image.js";
export { merkleRoot } from "./merkle-tree.js";
export { fillFromStream, streamKey } from "./random-stream.js";
export * as executorLimits from "./limits.js";
