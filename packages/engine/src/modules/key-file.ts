/**
 * Ed25519 keys as files, in the format of wasmsign2: a public key is 0x01 and 32 bytes, a secret key is 0x81,
 * the 32-byte seed and the public key. The development key of a project is made on first use.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
import { trustError } from "../trust/errors.js";
import { buildError } from "./errors.js";
import { keyFileBytesMax } from "./limits.js";

/** Raw keys: 64 bytes (seed, public key) and 32 bytes. */
export interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Where `keygen` puts a pair. */
export interface KeyPairPlace {
  readonly secretPath: string;
  readonly publicPath: string;
}

/** A new pair as two files, the secret one for its owner only. @throws {WE_KEY_EXISTS} {WE_KEY_UNWRITABLE} */
export function createKeyPair({ secretPath, publicPath }: KeyPairPlace): KeyPair {
  const pair = generateKeyPair();
  for (const path of [secretPath, publicPath]) {
    if (existsSync(path)) throw trustError("WE_KEY_EXISTS", { path });
  }
  writeKey(secretPath, encodeSecretKey(pair.secretKey), 0o600);
  try {
    writeKey(publicPath, encodePublicKey(pair.publicKey), 0o644);
  } catch (error) {
    rmSync(secretPath, { force: true });
    throw error;
  }
  return pair;
}

function writeKey(path: string, bytes: Uint8Array, mode: number): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes, { flag: "wx", mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw trustError("WE_KEY_EXISTS", { path }); // node:fs
    throw trustError("WE_KEY_UNWRITABLE", { path, cause: causeOf(error) });
  }
}

/** A secret key that somebody names. @throws {WE_KEY_READ} {WE_SIGNATURE_KEY} */
export function readSigningKey(path: string): KeyPair & { readonly isShared: boolean } {
  const { bytes, mode } = readKeyBytes(path);
  const secretKey = decodeSecretKey(bytes);
  // Windows has no such bits; there the mode says nothing.
  const isShared = process.platform !== "win32" && (mode & 0o077) !== 0;
  return { secretKey, publicKey: publicKeyOf(secretKey), isShared };
}

/** True where a key of either kind is stored, which nothing else may overwrite. */
export function isKeyFile(path: string): boolean {
  return [decodeSecretKey, decodePublicKey].some((decode) => {
    try {
      decode(readKeyBytes(path).bytes);
      return true;
    } catch (error) {
      if (EngineError.is(error) && error.code !== "WE_INTERNAL_ASSERTION") return false;
      throw error;
    }
  });
}

function readKeyBytes(path: string): { readonly bytes: Uint8Array; readonly mode: number } {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw trustError("WE_KEY_READ", { path, cause: "it is not a file" });
    // A wrong path should say that it is no key, not fill the memory.
    const bytes = stats.size > keyFileBytesMax ? new Uint8Array(0) : new Uint8Array(readFileSync(path));
    return { bytes, mode: stats.mode };
  } catch (error) {
    if (EngineError.is(error)) throw error;
    throw trustError("WE_KEY_READ", { path, cause: causeOf(error) });
  }
}

/** The project's own key in `.wasm-engine/keys`, readable by its owner only. Made where it is absent. */
export function developmentKey(directory: string): KeyPair {
  const path = developmentKeyPath(directory);
  return readSecretKey(path) ?? createKey(path) ?? storedKey(path);
}

/** The project's own key where there is one already: verifying makes none. */
export function existingDevelopmentKey(directory: string): KeyPair | undefined {
  return readSecretKey(developmentKeyPath(directory));
}

function developmentKeyPath(directory: string): string {
  return join(directory, ".wasm-engine", "keys", "development.key");
}

/** A 32-byte public key from a key file, or from 64 hexadecimal digits. */
export function readTrustedKey(entry: string, path: string): Uint8Array {
  const isHex = /^[0-9a-fA-F]{64}$/.test(entry);
  try {
    return decodePublicKey(
      isHex ? Uint8Array.from(Buffer.from(`01${entry}`, "hex")) : readKeyBytes(path).bytes,
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
    keepOutOfGit(dirname(dirname(path)));
    return pair;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined; // node:fs throws nothing else
    throw buildError("WE_BUILD_STORE", { path, cause: causeOf(error) });
  }
}

/** A secret key is committed by nobody who does not insist: the folder of keys, caches and runs ignores itself. */
function keepOutOfGit(folder: string): void {
  const path = join(folder, ".gitignore");
  if (!existsSync(path)) writeFileSync(path, "*\n");
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function storedKey(path: string): KeyPair {
  const stored = readSecretKey(path);
  if (stored !== undefined) return stored;
  throw buildError("WE_BUILD_STORE", { path, cause: "the key file vanished while it was read" });
}
