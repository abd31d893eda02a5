/** Node host: processes, threads, storage, control, façade. */

export { Engine } from "./client/engine.js";
export type { DetachedWorld, OpenOptions } from "./client/engine.js";
export type { ProgramToolFunction } from "./client/program-tools.js";
export type { OutgoingMessage, RunOptions, SendOptions, SendOutcome } from "./client/running-world.js";
export type { SnapshotState, UpgradeOptions } from "./client/running-world.js";
export { ConnectedWorld } from "./client/connected-world.js";
export type { ConnectedMessage, ConnectedSendOptions, ConnectedStatus } from "./client/connected-world.js";
export { RunningWorld } from "./client/running-world.js";
export type { AgentInput, TaskInput } from "./client/agent-input.js";
export type { ReceivedMessage } from "./client/received-message.js";
export type { TelemetryEvent, TelemetryHook } from "./client/telemetry-hooks.js";
export { deadLettersOfRun, inspectRun, logsOfRun, replayRun } from "./client/replay-run.js";
export type { JobOptions } from "./client/replay-run.js";
export { profileOfRun } from "./client/profile-run.js";
export type { ProfileRunOptions } from "./client/profile-run.js";
export type { FrameName, FuelTreeData } from "./profile/fuel-tree.js";
export type {
  ProfileOptions,
  ProfileReport,
  ProfiledAgent,
  ProfiledBlock,
  ProfiledFunction,
} from "./profile/profile-contract.js";
export { diffRuns } from "./client/diff-runs.js";
export type {
  ComparedRun,
  DiffReport,
  DifferenceKind,
  InputDifference,
  InputReport,
  MemoryDifference,
  MessageDifference,
  PathDifference,
  SentMessage,
} from "./diff/diff-contract.js";
export { bisectInvariant, checkInvariants } from "./client/check-run.js";
export type { BisectOptions, CheckOptions } from "./client/check-run.js";
export type {
  BisectReport,
  BisectStep,
  CheckReport,
  InvariantFigures,
  InvariantSetup,
  InvariantValue,
  Violation,
} from "./invariants/contract.js";
export { violationText } from "./invariants/invariant-check.js";
export { checkUpgrade } from "./client/check-upgrade.js";
export type { UpgradeCheckOptions } from "./client/check-upgrade.js";
export type {
  CheckedAgent,
  ShownEffect,
  ShownTurn,
  UpgradeCheckReport,
  UpgradeDifference,
} from "./upgrade-check/contract.js";
export { sweepTable } from "./sweep/sweep-table.js";
export type { FutureOptions } from "./sweep/sweep-futures.js";
export type { SweepMetric, SweepOptions, SweepReport, SweepRow, SweptSetting } from "./sweep/contract.js";
export { forkFutures, forkRun, runFutures } from "./client/fork-run.js";
export type { AskedFuture, ForkOptions, FuturesOptions } from "./client/fork-run.js";
export type {
  ArgumentChange,
  ForkInputs,
  ForkOverrides,
  ForkPoint,
  ForkReport,
  FutureOutcome,
} from "./fork/contract.js";
export { parseOverrides } from "./fork/override-text.js";
export { recordsOfRun, verifyLogOfRun } from "./client/run-log.js";
export { bundleRun, exportRun, importRun, openBundle, runPlace, withRun } from "./client/run-place.js";
export type { RunPlace } from "./client/run-place.js";
export { collectWaste, compactRun, removeRuns } from "./client/upkeep.js";
export type { CompactOptions } from "./upkeep/compact-run.js";
export type { CollectOptions } from "./upkeep/collect-waste.js";
export type { ForksOfRemoved } from "./upkeep/remove-runs.js";
export type { CollectReport, CompactReport, RemoveReport } from "./upkeep/contract.js";
export type { BundleOptions, BundleReport } from "./bundle/bundle-run.js";
export type { ImportedBundle, OpenedBundle, UnpackOptions } from "./bundle/open-bundle.js";
export type { Payload } from "./world/payload.js";
export { listRunIds, resolveRun, runsDirectory } from "./world/run-reference.js";
export type {
  BitFlip,
  ConsoleLine,
  FirstDivergence,
  InferenceVerification,
  ModelVerification,
  ReplayOptions,
  ReplayProgress,
  ReplayReport,
} from "./replay/replay-contract.js";
export type {
  Delivery,
  Durability,
  InferenceSetup,
  InputField,
  InputSource,
  InputSourceSpec,
  ModelSetup,
  OutputSink,
  OutputSpec,
  ResolvedModule,
  ResolvedWorld,
  SourceInput,
  StopRule,
} from "./world/contract.js";
export type {
  Acknowledgement,
  AgentReport,
  AgentRow,
  AgentRows,
  DeadLetterList,
  DeadLetterReport,
  FaultReport,
  MessageReport,
  ObservedTick,
  Progress,
  RunResult,
  SnapshotReport,
  StopReason,
  WorldReport,
  WorldStatus,
} from "./world/control.js";
export { isLocalModel } from "./adapters/adapter-report.js";
export type { ToolLine } from "./adapters/tool-lines.js";
export type { AdapterReport } from "./adapters/adapter-report.js";
export type { AdapterSetup, ModelAdapterSetup, SecretSource } from "./adapters/contract.js";
export type { ModelReport } from "./inference/contract.js";
export { parseWorkers } from "./threads/worker-count.js";
export type { Workers } from "./threads/worker-count.js";
export { makeFolders } from "./storage/make-folders.js";
export { listRuns, liveProcess, onlyLiveRun } from "./client/run-list.js";
export type { RunParent, RunState, RunSummary } from "./client/run-list.js";
export { ENGINE_ERRORS } from "./errors.js";
export { executingProcess } from "./world/run-result.js";
export {
  askModel,
  buildModule,
  generateKeyFiles,
  loadConfig,
  loadInvariants,
  loadModelSetups,
  loadModuleSources,
  loadTrustPolicy,
  modelSpecOf,
  policyOfKeys,
  probeServer,
  readServingToken,
  servedModels,
  signModuleFile,
  startDev,
  startServing,
  sweepConfig,
  sweepFutures,
  verifyModuleFile,
} from "./client/deferred.js";
export type { Serving, ServingOptions } from "./serving/serving.js";
export type { ServedModels, ServedModelsRequest } from "./serving/served-models.js";
export type { ServedRequest } from "./serving/http-face.js";
export type { KeyPairPlace } from "./modules/key-file.js";
export type {
  GeneratedKey,
  ModuleFileReport,
  SignFileOptions,
  SignedFile,
  VerifyFileOptions,
} from "./modules/signed-module.js";
export type { Ceiling, ModuleAdmission, Signer } from "./trust/ceiling.js";
export type { NamedKey, SignatureReport, TrustPolicy } from "./trust/trust-policy.js";
export type { ConfigOverrides, LoadedConfig, LoadedModels } from "./config/load-config.js";
export { ENGINE_SCHEMA, schemaText } from "./config/schema.js";
export type { BuildOptions, BuiltModule } from "./modules/build-module.js";
export { cEnvironment, cFlags } from "./modules/c-compiler.js";
export { nodeHasher, nodeSignatureCrypto } from "./crypto/node-crypto.js";
export type { DevSession } from "./dev/dev-session.js";
export type { DevCommand, DevCycle, DevEvent, DevOptions, DevPlan, DevReport } from "./dev/contract.js";
export type { DevFailure } from "./dev/failure.js";
export type { AgentDifference, EntryChange, RunDifference, StateChange } from "./dev/difference.js";
export type {
  AgentHistory,
  AskedOfPeer,
  AskedOutside,
  ReceivedFromOthers,
} from "./replay/history-contract.js";
export type { Story, StoryAgent, StoryEntry, StoryReport } from "./replay/story-contract.js";
export { historyOfAgent, storyOfRun } from "./client/replay-run.js";
export { FollowedRun, followRun } from "./client/followed-run.js";
export type { FollowOptions } from "./client/followed-run.js";
export type {
  CauseLink,
  FollowerStatus,
  Influence,
  TraceFilter,
  TracePage,
  TraceRow,
  WhyReport,
  WhyTarget,
} from "./follower/contract.js";
