/**
 * Ed25519 keys as files, in the format of wasmsign2: a public key is 0x01 and 32 bytes, a secret key is 0x81,
 * the 32-byte seed and the public key. The development key of a project is made on first use.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import {
  decodePublicKey,
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  publicKeyOf,
} from "@wasm-engine/wasm";
import { generateKeyPair } from "../crypto/node-crypto.js";
import { buildError } from "./errors.js";

/** Raw keys: 64 bytes (seed, public key) and 32 bytes. */
export interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The project's own key in `.wasm-engine/keys`, readable by its owner only. */
export function developmentKey(directory: string): KeyPair {
  const path = join(directory, ".wasm-engine", "keys", "development.key");
  return readSecretKey(path) ?? createKey(path) ?? storedKey(path);
}

/** A 32-byte public key from a key file, or from 64 hexadecimal digits. */
export function readTrustedKey(entry: string, path: string): Uint8Array {
  const isHex = /^[0-9a-fA-F]{64}$/.test(entry);
  try {
    return decodePublicKey(
      isHex ? Uint8Array.from(Buffer.from(`01${entry}`, "hex")) : new Uint8Array(readFileSync(path)),
    );
  } catch (error) {
    throw buildError("WE_TRUST_KEY", { key: entry, cause: causeOf(error) });
  }
}

function readSecretKey(path: string): KeyPair | undefined {
  try {
    const secretKey = decodeSecretKey(new Uint8Array(readFileSync(path)));
    return { secretKey, publicKey: publicKeyOf(secretKey) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // node:fs errors have such a code
    const cause = EngineError.is(error) ? `${error.message}; remove it to get a new one` : causeOf(error);
    throw buildError("WE_BUILD_STORE", { path, cause });
  }
}

/** `undefined` where another process was faster. */
function createKey(path: string): KeyPair | undefined {
  const pair = generateKeyPair();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, encodeSecretKey(pair.secretKey), { flag: "wx", mode: 0o600 });
    writeFileSync(path.replace(/\.key$/, ".pub"), encodePublicKey(pair.publicKey));
    return pair;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined; // node:fs throws nothing else
    throw buildError("WE_BUILD_STORE", { path, cause: causeOf(error) });
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function storedKey(path: string): KeyPair {
  const stored = readSecretKey(path);
  if (stored !== undefined) return stored;
  throw buildError("WE_BUILD_STORE", { path, cause: "the key file vanished while it was read" });
}
