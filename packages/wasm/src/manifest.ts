/** The manifest: what a module says of itself, as canonical JSON in a custom section inside of the signed bytes. */

import { ABI_VERSION, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { CapabilityName, EngineError } from "@wasm-engine/abi";
import {
  MANIFEST_SECTION,
  concatBytes,
  encodeCustomSection,
  readSections,
  withoutSections,
} from "./custom-section.js";
import { wasmError } from "./errors.js";
import { manifestBytesMax, manifestNameBytesMax } from "./limits.js";
import type { Manifest } from "./wasm-contract.js";

const capabilityNames: readonly string[] = [
  "send",
  "topics",
  "models",
  "tools",
  "spawn",
] satisfies CapabilityName[];

/** What {@link readManifest} accepts beyond a well-formed manifest. */
export interface ReadManifestOptions {
  /** The runtime's ABI. @default ABI_VERSION */
  readonly abi?: { readonly major: number; readonly minor: number };
}

/**
 * Reads and checks the manifest of a module.
 * @throws {WE_MANIFEST_MISSING} {WE_MANIFEST_MALFORMED} {WE_MANIFEST_ABI_VERSION}
 */
export function readManifest(bytes: Uint8Array, options: ReadManifestOptions = {}): Manifest {
  const found = readSections(bytes).filter((section) => section.name === MANIFEST_SECTION);
  const [section] = found;
  if (section === undefined) throw wasmError("WE_MANIFEST_MISSING");
  if (found.length > 1) throw malformedManifest("the section occurs twice");
  if (section.end - section.payloadStart > manifestBytesMax) {
    throw malformedManifest(`more than ${manifestBytesMax} bytes`);
  }
  const text = decodeUtf8(bytes.subarray(section.payloadStart, section.end));
  if (text === undefined) throw malformedManifest("not UTF-8");
  const manifest = checkManifest(parseJson(text));
  checkAbi(manifest.abi, options.abi ?? ABI_VERSION);
  return manifest;
}

/**
 * The module with `manifest` as its last section; a manifest that was there is replaced. Attach before signing.
 * @throws {WE_MANIFEST_MALFORMED} {WE_MODULE_HEADER} {WE_MODULE_MALFORMED}
 */
export function attachManifest(bytes: Uint8Array, manifest: Manifest): Uint8Array {
  const payload = encodeUtf8(canonicalJson(checkManifest(manifest)));
  if (payload.length > manifestBytesMax) throw malformedManifest(`more than ${manifestBytesMax} bytes`);
  const without = withoutSections(bytes, readSections(bytes), (name) => name === MANIFEST_SECTION);
  return concatBytes([without, encodeCustomSection(MANIFEST_SECTION, payload)]);
}

/**
 * Same major version, minor version not above the runtime's.
 * @throws {WE_MANIFEST_ABI_VERSION}
 */
export function checkAbi(wanted: Manifest["abi"], offered: Manifest["abi"]): void {
  if (wanted.major === offered.major && wanted.minor <= offered.minor) return;
  throw wasmError("WE_MANIFEST_ABI_VERSION", {
    wanted: `${wanted.major}.${wanted.minor}`,
    offered: `${offered.major}.${offered.minor}`,
  });
}

function malformedManifest(reason: string): EngineError {
  return wasmError("WE_MANIFEST_MALFORMED", { reason });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformedManifest("not JSON");
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Unknown fields are kept out of the checks: schemas and later additions pass through. */
function checkManifest(value: unknown): Manifest {
  const manifest = fieldsOf(value, "the manifest");
  checkText(manifest, "name");
  checkText(manifest, "version");
  const abi = fieldsOf(manifest["abi"], "abi");
  checkCount(abi, "abi.", "major");
  checkCount(abi, "abi.", "minor");
  const { capabilities } = manifest;
  if (!Array.isArray(capabilities)) throw malformedManifest("capabilities is not an array");
  for (const capability of capabilities) {
    if (typeof capability === "string" && capabilityNames.includes(capability)) continue;
    const known = capabilityNames.join(", ");
    throw malformedManifest(`unknown capability ${JSON.stringify(capability)}, known are ${known}`);
  }
  if (manifest["limits"] !== undefined) {
    const limits = fieldsOf(manifest["limits"], "limits");
    for (const name of ["fuelPerSlice", "memoryBytes"]) {
      if (limits[name] !== undefined) checkCount(limits, "limits.", name);
    }
  }
  for (const [topic, schema] of Object.entries(fieldsOf(manifest["messages"] ?? {}, "messages"))) {
    if (typeof schema !== "boolean") fieldsOf(schema, `messages.${topic}`);
  }
  return value as Manifest; // every field of the type was checked above
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformedManifest(`${what} is not an object`);
  }
  return value as Fields; // an object that is not null
}

function checkText(fields: Fields, name: string): void {
  const value = fields[name];
  if (typeof value !== "string" || value === "") throw malformedManifest(`${name} is not a text`);
  if (encodeUtf8(value).length > manifestNameBytesMax) {
    throw malformedManifest(`${name} is longer than ${manifestNameBytesMax} bytes`);
  }
}

function checkCount(fields: Fields, prefix: string, name: string): void {
  const value = fields[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return;
  throw malformedManifest(`${prefix}${name} is not a whole number`);
}

/** JSON with sorted keys and no spaces, so that builds are byte-reproducible. Depth is that of the manifest itself. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(entries);
  });
}
