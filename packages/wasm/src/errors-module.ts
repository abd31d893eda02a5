/** Codes of reading, validating and checking modules. */

import type { ErrorTable } from "@wasm-engine/abi";

const toolchain = "rebuild the module with a current toolchain; a truncated copy looks the same";
const compiler = "this is a defect of the compiler or of a tool that rewrote the module; report it there";

export const MODULE_ERRORS = {
  WE_MODULE_HEADER: {
    message: 'Not a WebAssembly module: the file begins with "{actual}"',
    hint: "pass a binary module (.wasm) of version 1; text (.wat) must be assembled first",
    exitCode: 1,
    explanation:
      "A core WebAssembly module begins with the eight bytes 00 61 73 6d 01 00 00 00. Text files, " +
      "components and other formats do not.",
  },
  WE_MODULE_MALFORMED: {
    message: "Module is malformed at byte {offset}: {reason}",
    hint: toolchain,
    exitCode: 1,
    explanation:
      "The bytes do not follow the binary format of WebAssembly 2.0: an overlong number, a section " +
      "out of order or with a wrong size, text that is not UTF-8, counts that disagree, an unknown " +
      "opcode.",
  },
  WE_MODULE_TYPE_MISMATCH: {
    message: "Type mismatch at byte {offset} in {construct}: expected {expected}, found {actual}",
    hint: compiler,
    exitCode: 1,
    explanation: "An instruction finds other operand types on the stack than it takes.",
  },
  WE_MODULE_UNKNOWN_INDEX: {
    message: "Unknown {space} {index} at byte {offset}: the module has {count}",
    hint: compiler,
    exitCode: 1,
    explanation: "An index points outside its index space.",
  },
  WE_MODULE_ALIGNMENT: {
    message:
      "Alignment 2^{actual} at byte {offset} is larger than the natural alignment 2^{limit} of {construct}",
    hint: compiler,
    exitCode: 1,
    explanation: "The alignment hint of a memory access may not exceed the width of the access.",
  },
  WE_MODULE_LANE: {
    message: "Lane {actual} at byte {offset} does not exist in {construct}: it has {limit} lanes",
    hint: compiler,
    exitCode: 1,
    explanation: "A vector instruction names a lane beyond its shape.",
  },
  WE_MODULE_CONSTANT_EXPRESSION: {
    message: "Constant expression required at byte {offset}, found {construct}",
    hint: "initialisers hold one constant, ref.func, ref.null or the global.get of an imported constant",
    exitCode: 1,
    explanation:
      "Initialisers of globals and offsets of segments are restricted to constant expressions, without arithmetic.",
  },
  WE_MODULE_IMMUTABLE_GLOBAL: {
    message: "Global {index} is immutable, global.set at byte {offset}",
    hint: compiler,
    exitCode: 1,
    explanation: "Only mutable globals can be set.",
  },
  WE_MODULE_DUPLICATE_EXPORT: {
    message: 'Export "{name}" at byte {offset} occurs twice',
    hint: "give every export its own name",
    exitCode: 1,
    explanation: "Export names of a module are unique.",
  },
  WE_MODULE_START_TYPE: {
    message: "Start function {index} at byte {offset} has the type {actual}: it must take and return nothing",
    hint: compiler,
    exitCode: 1,
    explanation: "The function named by the start section has no parameters and no results.",
  },
  WE_MODULE_UNDECLARED_REFERENCE: {
    message: "Function {index} is referenced at byte {offset} without being declared",
    hint: "functions used by ref.func must occur in an element segment, an export or a global",
    exitCode: 1,
    explanation:
      "`ref.func` in code may name only functions that occur outside of function bodies: in element " +
      "segments, exports or initialisers.",
  },
  WE_MODULE_RANGE: {
    message: "Limits of {construct} at byte {offset} are out of range: minimum {minimum}, maximum {maximum}",
    hint: "a memory has at most 65536 pages, and a minimum is not above its maximum",
    exitCode: 1,
    explanation: "Memories and tables declare a minimum and an optional maximum that is not below it.",
  },
  WE_MODULE_LIMIT: {
    message: "Too many or too large: {item} is {actual} at byte {offset}, the limit is {limit}",
    hint: "build it optimised for size (-Os, wasm-opt -Oz): unoptimised code has far more locals and blocks; or split it",
    exitCode: 5,
    explanation:
      "Static limits keep validation, instrumentation and compilation bounded. They lie below every " +
      "engine's own limits, so that acceptance never depends on the engine. See limits.ts of " +
      "packages/wasm.",
  },
  WE_MODULE_FEATURE_REFUSED: {
    message: 'Feature "{feature}" is refused: {construct} at byte {offset}',
    hint: "{wayOut}",
    exitCode: 1,
    explanation:
      "Modules are held to a frozen feature set: WebAssembly 2.0 with SIMD and bulk memory, without " +
      "anything that makes results depend on the machine or hides state from snapshots.",
  },
  WE_MODULE_NAME_RESERVED: {
    message: 'Name "{name}" at byte {offset} begins with the reserved prefix "__we_"',
    hint: "rename the {construct}; names with this prefix belong to the instrumentation",
    exitCode: 1,
    explanation: "Instrumentation adds imports and exports under this prefix; a guest's own would collide.",
  },
  WE_MODULE_IMPORT_UNKNOWN: {
    message: 'Import "{module}"."{name}" at byte {offset} is not offered by this runtime',
    hint: "agents import functions of module wasm_engine only: {offered}",
    exitCode: 1,
    explanation:
      "Agents reach the outside through the host functions of the ABI and nothing else. An import " +
      "of WASI or env usually comes from a standard library that was linked in.",
  },
  WE_MODULE_IMPORT_TYPE: {
    message: 'Import "{name}" at byte {offset} has the wrong type: expected {expected}, found {actual}',
    hint: "declare the host function as spec/abi.md does, or use an SDK of the same ABI version",
    exitCode: 1,
    explanation: "Host functions are linked by name and exact type.",
  },
  WE_MODULE_EXPORT_MISSING: {
    message: 'Export "{name}" is missing: expected {expected}',
    hint: "use an SDK or export the entry points of spec/abi.md",
    exitCode: 1,
    explanation: "An agent exports its memory and every required entry point of the ABI.",
  },
  WE_MODULE_EXPORT_TYPE: {
    message: 'Export "{name}" at byte {offset} has the wrong type: expected {expected}, found {actual}',
    hint: "declare the entry point as spec/abi.md does",
    exitCode: 1,
    explanation: "Entry points are called by name and exact type, optional ones too where present.",
  },
  WE_MODULE_MEMORY_EMPTY: {
    message: 'Exported memory "memory" starts with {actual} pages: at least 1 is needed',
    hint: "give the memory an initial size of one page or more",
    exitCode: 1,
    explanation: "The engine uses a scratch page of the agent's memory for messages and state transfer.",
  },
} as const satisfies ErrorTable;
