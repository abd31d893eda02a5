/**
 * Types of the package's surface. Functions: `readModule`, `validate`, `instrument`, `digestOf`,
 * `readManifest`, `attachManifest`, `sign`, `verify`.
 */

import type { CapabilityName } from "@wasm-engine/abi";
import type { Profile } from "./module-draft.js";

/** SHA-256 and Ed25519 come from the host (node:crypto): this package has no cryptography of its own. */
export interface SignatureCrypto {
  sha256(bytes: Uint8Array): Uint8Array;
  /** 64-byte signature; `secretKey` is the 32-byte seed followed by the 32-byte public key. */
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /** RFC 8032 without cofactor. A key that is no point of the curve verifies nothing. */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
}

/** {@link SignatureCrypto} for hosts whose cryptography is asynchronous: WebCrypto, see `webCryptoSignatures`. */
export interface AsyncSignatureCrypto {
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  sign(message: Uint8Array, secretKey: Uint8Array): Promise<Uint8Array>;
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): Promise<boolean>;
}

/** Manifest: JSON in the custom section `wasm-engine.manifest`. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly abi: { readonly major: number; readonly minor: number };
  readonly capabilities: readonly CapabilityName[];
  readonly limits?: { readonly fuelPerSlice?: number; readonly memoryBytes?: number };
  /** Messages that the agent takes: JSON Schema by topic. */
  readonly messages?: Readonly<Record<string, object | boolean>>;
}

export interface InstrumentOptions {
  /** Test-only: leave NaN bits as the engine makes them, so that the tier canary can fail. Default true = rewrite. */
  readonly canonicalizeNan?: boolean;
  /**
   * `agent` (default): a module for this runtime, which sets the counters before each entry and answers the slice
   * import. `conformance`: a drop-in replacement of any valid module, for foreign suites and benchmarks. Imports,
   * exports, the start section and the declared memory maximum stay as they are, nothing is added to the imports,
   * counters start full and no slice is ever granted. Refused features are refused in both.
   */
  readonly profile?: Profile;
}

export interface Instrumented {
  readonly bytes: Uint8Array;
  /** Bytes that `__we_state_save` writes. At most 64 KiB. */
  readonly stateBytes: number;
  readonly hasStart: boolean;
  /** Names imported from `wasm_engine` by the original module. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** Initial memory in pages. */
  readonly memoryPages: number;
}
