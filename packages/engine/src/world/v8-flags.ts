/** Which command line flags of a process concern V8 and must be handed on to the process that executes agents. */

/** Families of V8 flags that change how code is compiled, run or collected. Node's own options never match. */
const v8FlagPattern =
  /^--(no-?)?(liftoff|wasm|turbo|sparkplug|maglev|jitless|opt|always|stress|max-(old|semi|heap|lazy|inlined)|min-semi|initial-heap|stack-size|single-threaded|predictable|random-seed|harmony|experimental-wasm|disable-wasm-trap-handler|expose-gc|gc|concurrent|lazy|flush|enable-(sse|avx|bmi|fma|lzcnt|popcnt|sahf)|validate-wasm|trace-wasm|native-code-counters|jit-fuzzing|stress|interrupt-budget|assert-types|verify-heap|future|lite-mode|minor-ms|separate-gc|parallel)/;

export function v8FlagsOf(flags: readonly string[]): readonly string[] {
  return [...new Set(flags.filter((flag) => v8FlagPattern.test(flag.replaceAll("_", "-"))))];
}

/** Flags every world process is started with: without the trap handler a process holds 100 000 memories, not 12 000. */
export const worldProcessFlags: readonly string[] = ["--disable-wasm-trap-handler"];
