/** The engine's own validator, as a witness in tests only: acceptance in production never depends on it. */

interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
}

const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly; // every Node has it, its types do not

/** Whether this Node's engine accepts a module. */
export function engineAccepts(bytes: Uint8Array): boolean {
  return api.validate(bytes);
}
