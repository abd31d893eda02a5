/** Which command line flags of a process concern V8 and must be handed on to the process that executes agents. */

/** Beginnings of V8 flags that change how code is compiled, run or collected. Node's own options never match. */
const families: readonly string[] = [
  ...["liftoff", "turbo", "sparkplug", "maglev", "opt", "always", "jitless", "lazy", "future", "lite-mode"],
  ...["wasm", "disable-wasm-trap-handler", "validate-wasm", "trace-wasm", "experimental-wasm", "harmony"],
  ...[
    "max-old",
    "max-semi",
    "max-heap",
    "min-semi",
    "initial-heap",
    "gc",
    "expose-gc",
    "concurrent",
    "parallel",
  ],
  ...["minor-ms", "separate-gc", "flush", "verify-heap", "stack-size", "interrupt-budget"],
  ...["single-threaded", "predictable", "random-seed", "stress", "assert-types", "jit-fuzzing"],
  ...["enable-sse", "enable-avx", "enable-bmi", "enable-fma", "enable-lzcnt", "enable-popcnt", "enable-sahf"],
];

/** The V8 flags among `flags`, each once, in order. */
export function v8FlagsOf(flags: readonly string[]): readonly string[] {
  const isV8Flag = (flag: string): boolean => {
    const name = flag.replaceAll("_", "-").replace(/^--(no-)?/, "");
    return flag.startsWith("--") && families.some((family) => name.startsWith(family));
  };
  return [...new Set(flags.filter(isV8Flag))];
}

/** Flags every world process is started with: without the trap handler it holds 100 000 memories, not 12 000. */
export const worldProcessFlags: readonly string[] = ["--disable-wasm-trap-handler"];
