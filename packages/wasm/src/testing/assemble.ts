/**
 * Text format to bytes, for tests. Features are those of the newest standard, so that refused ones can be written
 * down.
 */

import wabt from "wabt";

const toolkit = await wabt();

/** Assembles a module without validating it, so that invalid ones can be written down too. */
export function assemble(text: string): Uint8Array {
  const parsed = toolkit.parseWat("test.wat", text, {
    exceptions: true,
    mutable_globals: true,
    sat_float_to_int: true,
    sign_extension: true,
    simd: true,
    threads: true,
    function_references: true,
    multi_value: true,
    tail_call: true,
    bulk_memory: true,
    reference_types: true,
    gc: true,
    memory64: true,
    extended_const: true,
    relaxed_simd: true,
    // The types of the package lack this one.
    ...{ multi_memory: true },
  });
  try {
    return parsed.toBinary({}).buffer.slice();
  } finally {
    parsed.destroy();
  }
}
