/** All modules of a configuration: sources are built and signed, everything is verified, checked and instrumented. */

import { extname } from "node:path";
import type { AgentSpec } from "@wasm-engine/core";
import { admitModule } from "./admission.js";
import type { AdmittedModule, TrustPolicy } from "./admission.js";
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

export interface LoadOptions {
  readonly directory: string;
  /** Entries of `trust.keys` with their absolute paths. */
  readonly keys: readonly { readonly entry: string; readonly path: string }[];
  readonly allowUnsigned: boolean;
}

/** Modules by name, in the order asked for. One after the other: compilers are large. */
export async function loadModules(
  requests: readonly ModuleRequest[],
  options: LoadOptions,
): Promise<ReadonlyMap<string, AdmittedModule>> {
  const own = developmentKey(options.directory).publicKey;
  const keys = [own, ...options.keys.map(({ entry, path }) => readTrustedKey(entry, path))];
  const trust: TrustPolicy = { keys, allowUnsigned: options.allowUnsigned };
  const admitted = new Map<string, AdmittedModule>();
  for (const { name, path, digest } of requests) {
    const isBuilt = extname(path) === ".wasm";
    const bytes = isBuilt
      ? readModuleFile(path)
      : (await buildModule(path, { directory: options.directory, name })).bytes;
    const module = admitModule(
      { name, path, bytes },
      digest === undefined ? trust : { ...trust, pinned: digest },
    );
    if (digest !== undefined && digest !== module.digest) {
      throw buildError("WE_MODULE_PINNED", { name, expected: digest, actual: module.digest });
    }
    admitted.set(name, module);
  }
  return admitted;
}

/** @throws {WE_CAPABILITY_MISSING} where an agent lacks what its module imports. */
export function checkCapabilities(
  agents: readonly AgentSpec[],
  modules: ReadonlyMap<string, AdmittedModule>,
): void {
  const byDigest = new Map([...modules.values()].map((module) => [module.digest, module]));
  for (const agent of agents) {
    const module = byDigest.get(agent.module);
    for (const [capability, source] of module?.wants ?? []) {
      if (agent.capabilities[capability].length > 0) continue;
      const parameters = { agent: agent.id, capability, module: module?.name, import: source };
      throw buildError("WE_CAPABILITY_MISSING", parameters);
    }
  }
}
