/** What a compiler of this folder takes and gives. */

import type { Manifest } from "@wasm-engine/wasm";
import type { SourceTrace } from "./source-log.js";

export interface CompileOptions {
  /** Writes a name section, and the same code. Default false: names are a third of a module. */
  readonly names?: boolean;
}

/** A compiler together with everything that decides its output besides the sources. */
export interface Compiler {
  /** Name, version and flags: part of the cache key. */
  readonly identity: string;
  compile(path: string, options?: CompileOptions): Promise<CompiledSource>;
  /** Can write names of functions. */
  readonly keepsNames: boolean;
}

export interface CompiledSource {
  /** Core WebAssembly, without manifest and signature. */
  readonly bytes: Uint8Array;
  readonly trace: SourceTrace;
  /** What the source declares for the manifest besides what its imports tell. */
  readonly declared?: Pick<Manifest, "messages">;
}
