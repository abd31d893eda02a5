/**
 * The part of the WebAssembly JavaScript API that the executor uses, declared here because this package has
 * neither DOM nor Node types. It owns no behaviour.
 */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export interface WasmGlobal<Value> {
  value: Value;
}

export interface WasmTable {
  readonly length: number;
  grow(entries: number): number;
  /** `null` empties the entry. */
  set(index: number, value: unknown): void;
}

/** Opaque compiled module. */
export interface WasmModule {
  readonly __wasmModule: true;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
  readonly Table: new (descriptor: { element: "anyfunc"; initial: number }) => WasmTable;
  readonly RuntimeError: new (message?: string) => Error;
};

export function compileModule(bytes: Uint8Array): WasmModule {
  return new WebAssembly.Module(bytes);
}

export function instantiateModule(module: WasmModule, imports: WasmImports): WasmInstance {
  return new WebAssembly.Instance(module, imports);
}

export function createTable(entries: number): WasmTable {
  return new WebAssembly.Table({ element: "anyfunc", initial: entries });
}

/** A trap of the guest, as opposed to an exception of the host. */
export function isTrap(error: unknown): error is Error {
  return error instanceof WebAssembly.RuntimeError;
}
