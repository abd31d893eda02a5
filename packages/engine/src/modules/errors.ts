/** Codes of building and admitting modules, besides those of @wasm-engine/wasm. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const BUILD_ERRORS = {
  WE_BUILD_SOURCE_MISSING: {
    message: "Module source {path} does not exist or is not a file",
    hint: "check the path; it is relative to the folder of the configuration",
    exitCode: 2,
    explanation: "A module is built from a file that is not there.",
  },
  WE_BUILD_SOURCE_KIND: {
    message: "Module source {path} is of no kind that can be built",
    hint: "use .ts (AssemblyScript, or JavaScript where it imports wasm-engine/agent), .mts, .js, .mjs, .c or .wasm",
    exitCode: 2,
    explanation: "The kind of a module is told by the extension of its file.",
  },
  WE_BUILD_FAILED: {
    message: "Building {path} failed: {cause}",
    hint: "correct the source at the place named; all diagnostics are in the details",
    exitCode: 1,
    explanation: "The compiler refused the source. Its first diagnostic is the message.",
  },
  WE_BUILD_TOOL_MISSING: {
    message: "Building {path} needs {tool}, which was not found",
    hint: "{install}",
    exitCode: 4,
    explanation: "Sources are built by the compilers on this machine. A signed .wasm file needs none.",
  },
  WE_BUILD_STORE: {
    message: "The build folder {path} cannot be written: {cause}",
    hint: "check permissions and free space; it is a cache beside the configuration and may be removed",
    exitCode: 4,
    explanation: "Built modules and the development key are kept in .wasm-engine beside the configuration.",
  },
  WE_MODULE_READ: {
    message: "Module {path} cannot be read: {cause}",
    hint: "check the path and its permissions",
    exitCode: 4,
    explanation: "The operating system refused to read a module file.",
  },
  WE_MODULE_SIZE: {
    message: "Module {path} has {bytes} bytes; a module has at most {bytesMax}",
    hint: "build for size, and keep data out of the module",
    exitCode: 5,
    explanation: "Modules are read, checked and instrumented whole; the limit bounds that work.",
  },
  WE_MODULE_PINNED: {
    message: "Module {name} has the digest {actual}; the configuration pins {expected}",
    hint: "the source, the SDK or the compiler changed; write the new digest where the change is wanted",
    exitCode: 3,
    explanation: "A pinned digest makes sure that a world runs exactly the module that was reviewed.",
  },
  WE_CAPABILITY_MISSING: {
    message:
      "Agent {agent} lacks the capability {capability}, which module {module} needs to import {import}",
    hint: "grant it in the agent's capabilities ({capability}: [...]), or build the module without this import",
    exitCode: 2,
    explanation:
      "Capabilities are denied by default. A module is linked only to agents that were granted what it imports.",
  },
  WE_LIMIT_BELOW_MANIFEST: {
    message:
      "Agent {agent} has the limit {limit} {actual}, but the manifest of module {module} asks for {wanted}",
    hint: "raise {limit} in the agent's limits to {wanted}, or build the module to get by with less",
    exitCode: 2,
    explanation:
      "`limits` of a manifest state what a module needs to work: fuel per slice, bytes of memory. An agent with less " +
      "would be refused its memory or its fuel later, in the middle of a run.",
  },
  WE_TRUST_KEY: {
    message: "Trusted key {key} is not usable: {cause}",
    hint: "give a public key in the wasmsign2 format, or 64 hexadecimal digits",
    exitCode: 2,
    explanation: "An entry of trust.keys names no public key.",
  },
} as const satisfies ErrorTable;

export const buildError: ReturnType<typeof errorFactory<typeof BUILD_ERRORS>> = errorFactory(BUILD_ERRORS);
