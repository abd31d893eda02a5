/** Of the WebAssembly JavaScript interface, what bare instances need: Node's types do not declare it. */

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (module: CompiledModule, imports: object) => { readonly exports: unknown };
};

export interface CompiledModule {
  readonly compiled?: never;
}

/** Exports of an agent's module (spec/abi.md), as far as they are used. */
export interface BareGuest {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize?(): void;
  agent_init(): number;
  agent_alloc(bytes: number): number;
  agent_receive(pointer: number): number;
  agent_describe(): number;
}

/** The host functions that a module imports. Pointers are below 2 GiB. */
export type HostFunctions = Readonly<Record<string, (pointer: number) => number | bigint>>;

export function compileModule(bytes: Uint8Array): CompiledModule {
  return new WebAssembly.Module(bytes);
}

export function instantiate(module: CompiledModule, hostFunctions: HostFunctions): BareGuest {
  const instance = new WebAssembly.Instance(module, { wasm_engine: hostFunctions });
  return instance.exports as BareGuest; // the module was built and checked as an agent
}

/** Any module: its exports as they are. */
export function exportsOf(module: CompiledModule, imports: object): Readonly<Record<string, unknown>> {
  return new WebAssembly.Instance(module, imports).exports as Readonly<Record<string, unknown>>; // by name
}
