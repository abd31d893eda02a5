/** Codes of instrumentation. */

import type { ErrorTable } from "@wasm-engine/abi";

export const INSTRUMENT_ERRORS = {
  WE_MODULE_INSTRUMENTED_SIZE: {
    message: "Instrumented module has {actual} bytes, the limit for {input} bytes of input is {limit}",
    hint: "the module is almost nothing but calls or loops; build it with optimisation (-O2, -Os, wasm-opt -O)",
    exitCode: 5,
    explanation:
      "Fuel and depth add code at calls, loops and branches. The limit of four times the input, which compiled " +
      "programs stay far below, keeps compile time bounded for modules that consist of nothing else.",
  },
} as const satisfies ErrorTable;
