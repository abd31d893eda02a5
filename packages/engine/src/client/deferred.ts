/**
 * Configuration and module building load on first use: their compilers, checkers and parsers are most of this
 * package, and whoever looks at a recorded run needs none of them.
 */

import type { Serving, ServingOptions } from "../serving/serving.js";
import type { ServedModels, ServedModelsRequest } from "../serving/served-models.js";
import type { AdapterAnswer, ModelAdapterSetup } from "../adapters/contract.js";
import type {
  ConfigOverrides,
  LoadedConfig,
  LoadedModels,
  ModuleSourcePlaces,
} from "../config/load-config.js";
import type { EngineError } from "@wasm-engine/abi";
import type { ModelSpec } from "@wasm-engine/core";
import type { DevOptions } from "../dev/contract.js";
import type { DevSession } from "../dev/dev-session.js";
import type { InvariantSetup } from "../invariants/contract.js";
import type { BuildOptions, BuiltModule } from "../modules/build-module.js";
import type { KeyPairPlace } from "../modules/key-file.js";
import type {
  GeneratedKey,
  ModuleFileReport,
  SignFileOptions,
  SignedFile,
  VerifyFileOptions,
} from "../modules/signed-module.js";
import type { FutureOptions } from "../sweep/sweep-futures.js";
import type { SweepOptions, SweepReport } from "../sweep/contract.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import type { ModelSetup } from "../world/contract.js";

/**
 * Loads a configuration; `path` is an engine.yaml or a folder that holds one.
 * @throws {WE_CONFIG_MISSING} and the other codes of configuration, modules and inputs
 */
export async function loadConfig(path: string, overrides: ConfigOverrides = {}): Promise<LoadedConfig> {
  const config = await import("../config/load-config.js");
  return config.loadConfig(path, overrides);
}

/**
 * Builds and signs one module; a .wasm file is checked, given a manifest and signed.
 * @throws {WE_BUILD_SOURCE_MISSING} {WE_BUILD_SOURCE_KIND} {WE_BUILD_FAILED} {WE_BUILD_TOOL_MISSING}
 */
export async function buildModule(path: string, options: BuildOptions): Promise<BuiltModule> {
  const modules = await import("../modules/build-module.js");
  return modules.buildModule(path, options);
}

/** The invariants of a configuration alone; nothing is built. @throws what a bad configuration throws */
export async function loadInvariants(path: string): Promise<readonly InvariantSetup[]> {
  const config = await import("../config/load-config.js");
  return config.loadInvariants(path);
}

/**
 * Runs a configuration once per combination of seeds and values. @throws {WE_SWEEP_TOO_MANY} and the codes of
 * expressions; what a single run throws is the error of its row
 */
export async function sweepConfig(config: string, options: SweepOptions = {}): Promise<SweepReport> {
  const sweep = await import("../sweep/sweep.js");
  return sweep.sweepConfig(config, options);
}

/**
 * Runs futures of a recorded run: a fork per combination.
 * @throws {WE_FORK_GENESIS} {WE_FORK_OVERRIDE}
 * {WE_RUN_UNKNOWN} {WE_SWEEP_TOO_MANY} and the codes of expressions; what a single
 * future throws is the error of its row
 */
export async function sweepFutures(parent: string, options: FutureOptions): Promise<SweepReport> {
  const sweep = await import("../sweep/sweep-futures.js");
  return sweep.sweepFutures(parent, options);
}

/** Where the sources of a configuration's modules are; nothing is built. @throws what a bad configuration throws */
export async function loadModuleSources(path: string): Promise<ModuleSourcePlaces> {
  const config = await import("../config/load-config.js");
  return config.loadModuleSources(path);
}

/** The models of a configuration alone; nothing is built. @throws what a bad configuration throws */
export async function loadModelSetups(path: string): Promise<LoadedModels> {
  const config = await import("../config/load-config.js");
  return config.loadModelSetups(path);
}

/** What an inference service is given to load a model of a configuration, to ask it outside of a world. */
export async function modelSpecOf(setup: ModelSetup): Promise<ModelSpec> {
  const { bareSpecOf } = await import("../inference/model-spec.js");
  return bareSpecOf(setup);
}

/** A server with the interface of OpenAI on this machine. @throws {WE_SERVE_LISTEN} and what loading models throws */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const serving = await import("../serving/serving.js");
  return serving.startServing(options);
}

/** The models that a server is to have. @throws {WE_SERVE_MODEL_FOLDER} and what a bad configuration throws */
export async function servedModels(request: ServedModelsRequest): Promise<ServedModels> {
  const models = await import("../serving/served-models.js");
  return models.servedModels(request);
}

/** The token that clients of a server must send. @throws {WE_SERVE_TOKEN_FILE} */
export async function readServingToken(path: string): Promise<string> {
  const access = await import("../serving/access.js");
  return access.readToken(path);
}

/** Asks a model that no file of this machine is, once. @throws what the adapter has against its setup */
export async function askModel(
  setup: ModelAdapterSetup,
  baseDirectory: string,
  json: string,
): Promise<AdapterAnswer> {
  const asking = await import("./ask-model.js");
  return asking.askModel(setup, baseDirectory, json);
}

/** Whether something answers at an address on loopback; undefined for one elsewhere. */
export async function probeServer(url: string): Promise<boolean | undefined> {
  const asking = await import("./ask-model.js");
  return asking.probeServer(url);
}

/** The trust policy of a configuration. @throws what a bad configuration or key throws */
export async function loadTrustPolicy(path: string): Promise<TrustPolicy> {
  const config = await import("../config/load-config.js");
  return config.loadTrustPolicy(path);
}

/** A policy from public key files or hexadecimal digits. @throws {WE_TRUST_KEY} {WE_TRUST_THRESHOLD} */
export async function policyOfKeys(keys: readonly string[], threshold?: number): Promise<TrustPolicy> {
  const modules = await import("../modules/signed-module.js");
  return modules.policyOfKeys(keys, threshold);
}

/** Makes a pair of Ed25519 keys as files in the wasmsign2 form. @throws {WE_KEY_EXISTS} {WE_KEY_UNWRITABLE} */
export async function generateKeyFiles(place: KeyPairPlace): Promise<GeneratedKey> {
  const modules = await import("../modules/signed-module.js");
  return modules.generateKeyFiles(place);
}

/**
 * Adds signatures to a module file, or to a file beside it.
 * @throws {WE_KEY_READ} {WE_SIGNATURE_KEY} {WE_SIGNATURE_DUPLICATE} {WE_SIGNATURE_EMBEDDED} and those of modules
 */
export async function signModuleFile(path: string, options: SignFileOptions): Promise<SignedFile> {
  const modules = await import("../modules/signed-module.js");
  return modules.signModuleFile(path, options);
}

/** Verifies a module file under a policy; a refusal comes with the error that admission would throw. */
export async function verifyModuleFile(
  path: string,
  options: VerifyFileOptions,
): Promise<{ readonly report: ModuleFileReport; readonly error?: EngineError }> {
  const modules = await import("../modules/signed-module.js");
  return modules.verifyModuleFile(path, options);
}

/** A session that runs a project again on every save; `run()` of it works until it is told to quit. */
export async function startDev(options: DevOptions): Promise<DevSession> {
  const dev = await import("../dev/dev-session.js");
  return new dev.DevSession(options);
}
