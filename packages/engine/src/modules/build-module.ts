/**
 * Source to signed module: compile, check, attach the manifest, sign with the project's development key. Equal
 * sources, SDK and compiler give equal bytes before the signature, and so an equal digest.
 */

import { basename, extname, join, resolve } from "node:path";
import { ABI_VERSION } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import { attachManifest, digestOf, sign } from "@wasm-engine/wasm";
import type { Manifest } from "@wasm-engine/wasm";
import { nodeSignatureCrypto, sha256 } from "../crypto/node-crypto.js";
import { compileCached, writeAtomically } from "./build-cache.js";
import { developmentKey } from "./key-file.js";
import { compilerFor, readModuleFile } from "./module-bytes.js";
import { withModule } from "./module-error.js";
import { checkModule } from "./prepared-module.js";

export interface BuildOptions {
  /** Folder whose `.wasm-engine` holds the cache, the key and the result. */
  readonly directory: string;
  /** Name in the manifest. @default the file's name without extension */
  readonly name?: string;
  /** Version in the manifest. @default "0.0.0" */
  readonly version?: string;
  /** Where the signed module is written. @default .wasm-engine/build/NAME.wasm below `directory` */
  readonly output?: string;
}

export interface BuiltModule {
  /** The signed module. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly digest: ModuleDigest;
  readonly manifest: Manifest;
  /** Absolute paths of every file that decides what the module is; some may not exist. */
  readonly sources: readonly string[];
  /** Nothing had changed, so nothing was compiled. */
  readonly isCached: boolean;
}

/**
 * Builds and signs one module; a .wasm file is checked, given a manifest and signed.
 * @throws {WE_BUILD_SOURCE_MISSING} {WE_BUILD_SOURCE_KIND} {WE_BUILD_FAILED} {WE_BUILD_TOOL_MISSING}
 */
export async function buildModule(path: string, options: BuildOptions): Promise<BuiltModule> {
  const source = resolve(path);
  const folder = join(options.directory, ".wasm-engine", "build");
  const name = options.name ?? moduleName(source);
  const compiler = compilerFor(source);
  const { bytes, declared, trace, isCached } =
    compiler === undefined
      ? { bytes: readModuleFile(source), declared: {}, trace: [], isCached: false }
      : await compileCached(source, compiler, resolve(options.directory));
  const { signed, digest, manifest } = withModule(name, source, () => {
    const { capabilities } = checkModule(bytes, options.directory);
    const manifest: Manifest = {
      name,
      version: options.version ?? "0.0.0",
      abi: ABI_VERSION,
      capabilities: [...capabilities].sort(),
      ...declared,
    };
    const { secretKey } = developmentKey(options.directory);
    const signed = sign(attachManifest(bytes, manifest), secretKey, nodeSignatureCrypto);
    return { signed, digest: digestOf(signed, sha256), manifest };
  });
  const output = options.output ?? join(folder, `${name}.wasm`);
  writeAtomically(output, signed);
  const sources = [source, ...trace.map(([path]) => path)];
  return { path: output, bytes: signed, digest, manifest, sources, isCached };
}

function moduleName(path: string): string {
  const plain = basename(path, extname(path));
  return plain.endsWith(".as") ? plain.slice(0, -3) : plain;
}
