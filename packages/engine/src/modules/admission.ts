/**
 * The way of a module into a world, in this order: signature, structure, manifest against grants, instrumentation,
 * digest. Nothing of a module is looked at before its signature holds.
 */

import type { CapabilityName, HostFunctionName, ModuleDigest } from "@wasm-engine/abi";
import { ABI_VERSION, EngineError, HOST_FUNCTIONS } from "@wasm-engine/abi";
import { digestOf, readManifest } from "@wasm-engine/wasm";
import type { Manifest } from "@wasm-engine/wasm";
import { sha256 } from "../crypto/node-crypto.js";
import type { ModuleAdmission } from "../trust/ceiling.js";
import { verifyUnderPolicy } from "../trust/trust-policy.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import type { ResolvedModule } from "../world/contract.js";
import { withModule } from "./module-error.js";
import { prepareModule } from "./prepared-module.js";

/** Whose modules may run. */
export interface AdmissionRules {
  /** Folder of the project, whose `.wasm-engine` keeps what was derived. */
  readonly directory: string;
  readonly policy: TrustPolicy;
  readonly allowUnsigned: boolean;
  /** Digest that the configuration pins: an unsigned module with exactly these bytes is as good as a signed one. */
  readonly pinned?: string;
}

export interface AdmittedModule extends ResolvedModule {
  readonly digest: ModuleDigest;
  readonly manifest: Manifest;
  /** Why it was let in, and what its signers may vouch for. */
  readonly admission: ModuleAdmission;
  /** What its agents must be granted, each with an import that needs it. */
  readonly wants: ReadonlyMap<CapabilityName, string>;
}

/**
 * @throws {WE_SIGNATURE_MISSING} {WE_SIGNATURE_UNTRUSTED} {WE_SIGNATURE_INVALID} {WE_SIGNATURE_THRESHOLD}
 * {WE_MANIFEST_ABI_VERSION}
 */
export function admitModule(
  module: { readonly name: string; readonly path: string; readonly bytes: Uint8Array },
  rules: AdmissionRules,
): AdmittedModule {
  const { name, path, bytes } = module;
  return withModule(name, path, () => {
    const grounds = verifySignature(bytes, rules);
    const { digest, imports, capabilities, instrumented } = prepareModule(bytes, rules.directory);
    const manifest = manifestOf(name, bytes, capabilities);
    const { limits } = manifest;
    const admission = { module: name, digest, ...grounds, ...(limits === undefined ? {} : { limits }) };
    return { name, bytes, instrumented, digest, manifest, admission, wants: wantsOf(imports, manifest) };
  });
}

/** A module without any signature may be let in by its pin or by `allowUnsigned`; one that has signatures never. */
function verifySignature(
  bytes: Uint8Array,
  { policy, pinned, allowUnsigned }: AdmissionRules,
): Pick<ModuleAdmission, "by" | "threshold" | "signers"> {
  try {
    const { signers, threshold } = verifyUnderPolicy({ bytes }, policy);
    return { by: "signature", threshold, signers };
  } catch (error) {
    const isUnsigned = EngineError.is(error) && error.code === "WE_SIGNATURE_MISSING";
    if (isUnsigned && pinned !== undefined && pinned === digestOf(bytes, sha256))
      return { by: "pin", threshold: 0, signers: [] };
    if (isUnsigned && allowUnsigned) return { by: "unsigned", threshold: 0, signers: [] };
    throw error;
  }
}

/** The module's own manifest, or what its imports say where it has none. */
function manifestOf(name: string, bytes: Uint8Array, capabilities: readonly CapabilityName[]): Manifest {
  try {
    return readManifest(bytes);
  } catch (error) {
    if (!EngineError.is(error) || error.code !== "WE_MANIFEST_MISSING") throw error;
    return { name, version: "0.0.0", abi: ABI_VERSION, capabilities };
  }
}

function wantsOf(
  imports: readonly HostFunctionName[],
  manifest: Manifest,
): ReadonlyMap<CapabilityName, string> {
  const wants = new Map<CapabilityName, string>();
  for (const capability of manifest.capabilities) wants.set(capability, `its manifest's "${capability}"`);
  for (const name of imports) {
    const row = HOST_FUNCTIONS[name];
    if ("capability" in row) wants.set(row.capability, name);
  }
  return wants;
}
