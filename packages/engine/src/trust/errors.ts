/** Codes of keys, trust policies and ceilings; those of signatures as bytes are of @wasm-engine/wasm. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const TRUST_ERRORS = {
  WE_CAPABILITY_CEILING: {
    message:
      "{subject} {capability} {came}, but only {count} of the {threshold} signers needed for module {module} allow " +
      "it ({ceilings})",
    hint:
      "grant at most what the ceiling of the key allows, raise that ceiling in trust.keys, or have the module signed " +
      "by a key that may vouch for it",
    exitCode: 2,
    explanation:
      "`trust.keys` may give a key a ceiling: what modules that it signed may be granted. A grant, a limit, or what " +
      "an agent could pass on to children of the module lies above the ceilings of its signers.",
  },
  WE_KEY_EXISTS: {
    message: "There is already a key at {path}",
    hint: "choose another --name or --out; a key that is overwritten is lost",
    exitCode: 2,
    explanation:
      "Keys are never overwritten: modules signed with the old one could not be signed alike again.",
  },
  WE_KEY_READ: {
    message: "Key {path} cannot be read: {cause}",
    hint: "check the path and its permissions; make a key pair with: wasm-engine keygen",
    exitCode: 4,
    explanation: "The file that --key names is not there, is no file or may not be read.",
  },
  WE_KEY_UNWRITABLE: {
    message: "Key {path} cannot be written: {cause}",
    hint: "check the permissions of the folder and its free space",
    exitCode: 4,
    explanation: "The operating system refused to write a key file. No half of a pair is left behind.",
  },
  WE_MODULE_REBUILD_CHANGED: {
    message: "Building {source} again gives the digest {actual}; the module {path} has {expected}",
    hint: "use the sources, the SDK and the compiler versions that the module was built with",
    exitCode: 3,
    explanation:
      "`verify --rebuild` builds a source and compares the result with the module, signatures apart. The module was " +
      "made from something else, or by another compiler or SDK version.",
  },
  WE_SIGNATURE_EMBEDDED: {
    message: "Module {path} carries signatures of its own, so there can be no detached one beside them",
    hint: "sign it without --detached, or start from the unsigned module",
    exitCode: 2,
    explanation:
      "A module is signed inside or in a file beside it, never both: then a verifier would have to choose.",
  },
  WE_SIGNATURE_THRESHOLD: {
    message:
      "Module is signed by {count} of the {threshold} keys that are required (signed by: {signed}; missing: {missing})",
    hint: "have the missing keys sign exactly these bytes: wasm-engine sign MODULE --key FILE",
    exitCode: 3,
    explanation:
      "`trust.require` (or --threshold) asks for several signatures. A key counts once, however often it signed; " +
      "signatures of other keys do not count. A module built here from source is signed by the development key alone.",
  },
  WE_TRUST_KEY_CEILINGS: {
    message: "{first} and {second} are one key, with different ceilings",
    hint: "list the key once in trust.keys, or give it the same ceiling under both names",
    exitCode: 2,
    explanation:
      "A key counts once, under its first name; the ceiling of the other name would be left out silently.",
  },
  WE_TRUST_THRESHOLD: {
    message: "The policy requires {threshold} of {count} different keys",
    hint: "list more keys or lower the threshold; a key that is listed twice counts once",
    exitCode: 2,
    explanation: "A threshold above the number of different keys could never be reached.",
  },
} as const satisfies ErrorTable;

export const trustError: ReturnType<typeof errorFactory<typeof TRUST_ERRORS>> = errorFactory(TRUST_ERRORS);
