/** Codes of manifests, keys and signatures. */

import type { ErrorTable } from "@wasm-engine/abi";

export const SIGNATURE_ERRORS = {
  WE_MANIFEST_MISSING: {
    message: 'Module has no manifest: custom section "wasm-engine.manifest" is absent',
    hint: "build the module with wasm-engine build, which attaches a manifest",
    exitCode: 1,
    explanation: "The manifest states name, version, ABI and capabilities of a module.",
  },
  WE_MANIFEST_MALFORMED: {
    message: "Manifest is malformed: {reason}",
    hint: "expected JSON {name, version, abi: {major, minor}, capabilities: [...], limits?}",
    exitCode: 1,
    explanation: "The custom section `wasm-engine.manifest` holds one JSON object of a fixed shape, once.",
  },
  WE_MANIFEST_ABI_VERSION: {
    message: "Module needs ABI {wanted}, this runtime offers {offered}",
    hint: "rebuild the module with an SDK of ABI {offered}, or use a runtime that offers {wanted}",
    exitCode: 1,
    explanation:
      "A module runs where the major version is equal and its minor version is not above the runtime's.",
  },
  WE_SIGNATURE_MISSING: {
    message: "Module is not signed",
    hint: "build and sign it with: wasm-engine build FILE, or allow unsigned modules explicitly",
    exitCode: 3,
    explanation: "A module without a signature section is refused before anything else is looked at.",
  },
  WE_SIGNATURE_MALFORMED: {
    message: "Signature is malformed at byte {offset}: {reason}",
    hint: "sign the module again; tools that rewrite modules must run before signing",
    exitCode: 1,
    explanation:
      "The signature section does not follow the wasmsign2 wire format, or stands where it may not.",
  },
  WE_SIGNATURE_LIMIT: {
    message: "Signature holds too much: {item} is {actual}, the limit is {limit}",
    hint: "remove signatures that are no longer needed",
    exitCode: 5,
    explanation: "Counts and sizes are checked before anything is allocated.",
  },
  WE_SIGNATURE_UNTRUSTED: {
    message: "Module is signed by {found}, none of the {trusted} trusted keys matches",
    hint: "add the signer's public key to the trusted keys, or sign with a trusted key",
    exitCode: 3,
    explanation: "No signature in the module was made by a trusted key.",
  },
  WE_SIGNATURE_INVALID: {
    message: "Signature does not match the module: {reason}",
    hint: "the module was changed after signing; build and sign it again",
    exitCode: 3,
    explanation:
      "The bytes of the module are not the ones that were signed. A module cut off at a delimiter " +
      "is refused too, although one of its signed hashes matches.",
  },
  WE_SIGNATURE_DUPLICATE: {
    message: "Module already carries this signature by key {keyId}",
    hint: "nothing is left to do",
    exitCode: 1,
    explanation: "The same key signed the same bytes before.",
  },
  WE_SIGNATURE_KEY: {
    message: "Key is not usable: {reason}",
    hint: "make a key pair with wasm-engine keygen",
    exitCode: 2,
    explanation:
      "Public key files are 33 bytes (01, key), secret key files 65 bytes (81, seed, public key). " +
      "Keys of small order or in non-canonical form are refused, so that every verifier agrees.",
  },
} as const satisfies ErrorTable;
