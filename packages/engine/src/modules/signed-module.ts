/**
 * Signing and verifying module files: what the verbs keygen, sign and verify do. Signing touches nothing but the
 * signature section; the digest of a module, which names what was built, stays.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import {
  attachSignature,
  checkAgentModule,
  detachSignature,
  digestOf,
  readManifest,
  readSignatures,
  sign,
  validate,
} from "@wasm-engine/wasm";
import { hexOfBytes, nodeSignatureCrypto, sha256 } from "../crypto/node-crypto.js";
import { trustError } from "../trust/errors.js";
import { keyIdText, reportSignatures, trustPolicy } from "../trust/trust-policy.js";
import type { SignatureReport, TrustPolicy } from "../trust/trust-policy.js";
import { writeAtomically } from "./build-cache.js";
import { buildModule } from "./build-module.js";
import { createKeyPair, isKeyFile, readSigningKey, readTrustedKey } from "./key-file.js";
import type { KeyPairPlace } from "./key-file.js";
import { readModuleFile } from "./module-bytes.js";

export interface GeneratedKey extends KeyPairPlace {
  readonly keyId: string;
  /** Hex: what `trust.keys` takes. */
  readonly publicKey: string;
}

/** Makes a pair of keys as files. @throws {WE_KEY_EXISTS} {WE_KEY_UNWRITABLE} */
export function generateKeyFiles(place: KeyPairPlace): GeneratedKey {
  const { publicKey } = createKeyPair(place);
  return { ...place, keyId: keyIdText(publicKey), publicKey: hexOfBytes(publicKey) };
}

export interface SignFileOptions {
  /** Secret key files, in the order in which they sign. */
  readonly keys: readonly string[];
  /** Where the result goes. Default: the module itself, or MODULE.sig for a detached signature. */
  readonly output?: string;
  /** The signatures go into a file of their own; what is there already stays. */
  readonly detached?: boolean;
}

export interface SignedFile {
  readonly path: string;
  readonly digest: ModuleDigest;
  /** Ids of the keys that signed now. */
  readonly keyIds: readonly string[];
  /** Signatures that the result holds. */
  readonly signatures: number;
  /** Secret key files that others than their owner may read. */
  readonly sharedKeys: readonly string[];
}

/**
 * Adds signatures to a module that an engine would run.
 * @throws {WE_KEY_READ} {WE_KEY_EXISTS} {WE_SIGNATURE_KEY} {WE_SIGNATURE_DUPLICATE} {WE_SIGNATURE_EMBEDDED} and
 * those of modules
 */
export function signModuleFile(path: string, options: SignFileOptions): SignedFile {
  const keys = options.keys.map((key) => ({ key, ...readSigningKey(key) }));
  const isDetached = options.detached === true;
  const output = options.output ?? (isDetached ? `${path}.sig` : path);
  if (isKeyFile(output)) throw trustError("WE_KEY_EXISTS", { path: output });
  const original = readModuleFile(path);
  checkAgentModule(validate(original));
  if (isDetached && readSignatures(original).length > 0) throw trustError("WE_SIGNATURE_EMBEDDED", { path });
  const before =
    isDetached && existsSync(output) ? attachSignature(original, readModuleFile(output)) : original;
  const signed = keys.reduce<Uint8Array>(
    (bytes, { secretKey }) => sign(bytes, secretKey, nodeSignatureCrypto),
    before,
  );
  writeAtomically(output, isDetached ? detachSignature(signed).signature : signed);
  return {
    path: output,
    digest: digestOf(signed, sha256),
    keyIds: keys.map(({ publicKey }) => keyIdText(publicKey)),
    signatures: readSignatures(signed).reduce((sum, { signatures }) => sum + signatures.length, 0),
    sharedKeys: keys.filter(({ isShared }) => isShared).map(({ key }) => key),
  };
}

/**
 * A policy from public key files or hexadecimal digits. Default: all of them must have signed.
 * @throws {WE_TRUST_KEY} {WE_TRUST_THRESHOLD}
 */
export function policyOfKeys(keys: readonly string[], threshold?: number): TrustPolicy {
  const named = keys.map((entry) => ({ name: entry, publicKey: readTrustedKey(entry, resolve(entry)) }));
  return trustPolicy(named, threshold ?? trustPolicy(named, 1).keys.length);
}

export interface VerifyFileOptions {
  readonly policy: TrustPolicy;
  /** File of a detached signature. */
  readonly signature?: string;
  /** Source that must build to the same module, signatures apart. */
  readonly rebuild?: string;
}

export interface ModuleFileReport extends SignatureReport {
  readonly path: string;
  readonly ok: boolean;
  /** Over the module without its signatures; absent where the file is no module at all. */
  readonly digest?: ModuleDigest;
  /** Present with `rebuild`. */
  readonly rebuilt?: boolean;
}

/** Verifies a module file. A refusal is a report with the error that admission would throw. */
export async function verifyModuleFile(
  path: string,
  { policy, signature, rebuild }: VerifyFileOptions,
): Promise<{ readonly report: ModuleFileReport; readonly error?: EngineError }> {
  const bytes = readModuleFile(path);
  const detached = signature === undefined ? {} : { signature: readModuleFile(signature) };
  const { report, error: refusal } = reportSignatures({ bytes, ...detached }, policy);
  const error = refusal ?? structuralError(bytes) ?? (await rebuildError({ path, bytes }, rebuild));
  const digest = digestOrUndefined(bytes);
  return {
    report: {
      path,
      ok: error === undefined,
      ...(digest === undefined ? {} : { digest }),
      ...report,
      ...(rebuild === undefined || refusal !== undefined ? {} : { rebuilt: error === undefined }),
    },
    ...(error === undefined ? {} : { error }),
  };
}

/** What is signed and would be refused all the same. */
function structuralError(bytes: Uint8Array): EngineError | undefined {
  return errorOf(() => checkAgentModule(validate(bytes)));
}

function digestOrUndefined(bytes: Uint8Array): ModuleDigest | undefined {
  let digest: ModuleDigest | undefined;
  errorOf(() => (digest = digestOf(bytes, sha256)));
  return digest;
}

function errorOf(action: () => unknown): EngineError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (EngineError.is(error) && error.code !== "WE_INTERNAL_ASSERTION") return error;
    throw error;
  }
}

/** Builds in a folder of its own: neither the project's cache nor its key has a say. */
async function rebuildError(
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  source: string | undefined,
): Promise<EngineError | undefined> {
  if (source === undefined) return undefined;
  const { name, version } = readManifest(bytes);
  const directory = mkdtempSync(join(tmpdir(), "wasm-engine-rebuild-"));
  try {
    const built = await buildModule(resolve(source), { directory, name, version });
    const expected = digestOf(bytes, sha256);
    if (built.digest === expected) return undefined;
    return trustError("WE_MODULE_REBUILD_CHANGED", { source, path, expected, actual: built.digest });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
