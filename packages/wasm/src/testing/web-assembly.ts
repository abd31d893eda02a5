/** The engine's own validator, as a witness in tests only: acceptance in production never depends on it. */

interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
}

// Every Node has it, its types do not.
const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly; // declared above

/** Whether this Node's engine accepts a module. */
export function engineAccepts(bytes: Uint8Array): boolean {
  return api.validate(bytes);
}
