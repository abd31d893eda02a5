/** All modules of a configuration: sources are built and signed, everything is verified, checked and instrumented. */

import { extname } from "node:path";
import type { ModuleDigest } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import type { AgentSpec } from "@wasm-engine/core";
import { checkCeilings } from "../trust/ceiling.js";
import { checkLimitsOf } from "../trust/manifest-limits.js";
import type { Ceiling } from "../trust/ceiling.js";
import { trustPolicy } from "../trust/trust-policy.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import { admitModule } from "./admission.js";
import type { AdmissionRules, AdmittedModule } from "./admission.js";
import { buildModule } from "./build-module.js";
import { buildError } from "./errors.js";
import { developmentKey, readTrustedKey } from "./key-file.js";
import { readModuleFile } from "./module-bytes.js";

/** One entry of `modules`. */
export interface ModuleRequest {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Pinned digest. */
  readonly digest?: string;
}

/** An entry of `trust.keys`. */
export interface TrustedKeyRequest {
  readonly name: string;
  /** As written: a path or 64 hexadecimal digits. */
  readonly entry: string;
  /** Absolute. */
  readonly path: string;
  readonly ceiling?: Ceiling;
}

/** What `trust` of a configuration asks for. */
export interface TrustRequest {
  /** With a threshold, exactly the keys that count; without, those beside the development key. */
  readonly keys: readonly TrustedKeyRequest[];
  /** Signers that every module needs. Absent: one, and the development key is one of them. */
  readonly threshold?: number;
}

export interface LoadOptions extends TrustRequest {
  readonly directory: string;
  readonly allowUnsigned: boolean;
  readonly witness?: LoadWitness;
}

/** Told while a configuration is loaded, so that whoever watches knows what to watch although the rest fails. */
export interface LoadWitness {
  /** Absolute path of a file that decides the result; it may not exist. */
  file?(path: string): void;
  /** A module is there; `path`: its source or .wasm file; `isBuilt`: it had to be compiled. */
  module?(name: string, made: { readonly path: string; readonly isBuilt: boolean }): void;
}

/**
 * The policy of a project. `own` is its development key.
 * @throws {WE_TRUST_KEY} {WE_TRUST_THRESHOLD}
 */
export function projectPolicy(
  { keys, threshold }: TrustRequest,
  own: () => { readonly publicKey: Uint8Array } | undefined,
): TrustPolicy {
  const listed = keys.map(({ name, entry, path, ceiling }) => {
    return { name, publicKey: readTrustedKey(entry, path), ...(ceiling === undefined ? {} : { ceiling }) };
  });
  if (threshold !== undefined) return trustPolicy(listed, threshold);
  // Where the configuration lists the development key, the ceiling that it gives it there holds.
  const pair = own();
  const isListed = listed.some(
    ({ publicKey }) => pair !== undefined && equalBytes(publicKey, pair.publicKey),
  );
  const development =
    pair === undefined || isListed ? [] : [{ name: "development", publicKey: pair.publicKey }];
  return trustPolicy([...listed, ...development], 1);
}

/** Modules by name, in the order asked for. One after the other: compilers are large. */
export async function loadModules(
  requests: readonly ModuleRequest[],
  options: LoadOptions,
): Promise<ReadonlyMap<string, AdmittedModule>> {
  const policy = projectPolicy(options, () => developmentKey(options.directory));
  const rules: AdmissionRules = {
    directory: options.directory,
    policy,
    allowUnsigned: options.allowUnsigned,
  };
  const admitted = new Map<string, AdmittedModule>();
  for (const { path } of requests) options.witness?.file?.(path);
  for (const { name, path, digest } of requests) {
    const { bytes, isBuilt } =
      extname(path) === ".wasm"
        ? { bytes: readModuleFile(path), isBuilt: false }
        : await build({ name, path }, options);
    options.witness?.module?.(name, { path, isBuilt });
    const module = admitModule(
      { name, path, bytes },
      digest === undefined ? rules : { ...rules, pinned: digest },
    );
    if (digest !== undefined && digest !== module.digest) {
      throw buildError("WE_MODULE_PINNED", { name, expected: digest, actual: module.digest });
    }
    admitted.set(name, module);
  }
  return admitted;
}

async function build(
  { name, path }: ModuleRequest,
  { directory, witness }: LoadOptions,
): Promise<{ readonly bytes: Uint8Array; readonly isBuilt: boolean }> {
  const { bytes, sources, isCached } = await buildModule(path, { directory, name });
  for (const source of sources) witness?.file?.(source);
  return { bytes, isBuilt: !isCached };
}

/**
 * Every agent has what its module imports and what its manifest asks for, and no more than the signers of the module
 * may vouch for.
 * @throws {WE_CAPABILITY_MISSING} {WE_CAPABILITY_CEILING} {WE_LIMIT_BELOW_MANIFEST}
 */
export function checkCapabilities(
  agents: readonly AgentSpec[],
  modules: ReadonlyMap<string, AdmittedModule>,
): void {
  const admissions = [...modules.values()].map(({ admission }) => admission);
  const digests: Record<string, ModuleDigest> = {};
  for (const [name, { digest }] of modules) digests[name] = digest;
  for (const agent of agents) {
    checkCeilings(admissions, digests, agent);
    checkLimitsOf(admissions, agent);
  }
  const byDigest = new Map([...modules.values()].map((module) => [module.digest, module]));
  for (const agent of agents) {
    const module = byDigest.get(agent.module);
    if (module !== undefined) checkWants(agent, module);
  }
}

function checkWants(agent: AgentSpec, module: AdmittedModule): void {
  for (const [capability, source] of module.wants) {
    if (agent.capabilities[capability].length > 0) continue;
    const parameters = { agent: agent.id, capability, module: module.name, import: source };
    throw buildError("WE_CAPABILITY_MISSING", parameters);
  }
}
