/**
 * Static limits of modules. They lie below every engine's own limits, so that acceptance never depends on the engine.
 * Unit last.
 */

import { assert } from "@wasm-engine/abi";

/** Counts and sizes that are checked before anything is allocated for them. */
export interface ModuleLimits {
  /** Whole file, signatures and custom sections included. */
  readonly moduleBytesMax: number;
  /** Custom sections; the others occur once each. */
  readonly customSectionsMax: number;
  readonly typesMax: number;
  readonly parametersPerFunctionMax: number;
  readonly resultsPerFunctionMax: number;
  /** Parameters and results of all types together: many wide types make later stages slow. */
  readonly typeWordsMax: number;
  readonly importsMax: number;
  readonly functionsMax: number;
  readonly tablesMax: number;
  /** Initial entries of all tables together: nobody pays fuel for them. */
  readonly tableEntriesMax: number;
  readonly memoryPagesMax: number;
  readonly globalsMax: number;
  readonly exportsMax: number;
  readonly elementSegmentsMax: number;
  /** Entries of all element segments together. */
  readonly elementEntriesMax: number;
  readonly dataSegmentsMax: number;
  /** Declared locals of a function; parameters are limited on their own. Every local is zeroed at entry. */
  readonly localsPerFunctionMax: number;
  /** Groups of locals of all functions together: each becomes an object. */
  readonly localsGroupsMax: number;
  /** Whole body with locals: bounds the native frame, see the depth price. */
  readonly bodyBytesMax: number;
  /** Nested blocks: engines keep their own structures per level. */
  readonly nestingMax: number;
  readonly branchTableLabelsMax: number;
}

/** Limits of agent modules. */
export const AGENT_LIMITS: ModuleLimits = {
  moduleBytesMax: 16 * 1024 * 1024,
  customSectionsMax: 1_000,
  typesMax: 4_096,
  parametersPerFunctionMax: 100,
  resultsPerFunctionMax: 16,
  typeWordsMax: 100_000,
  importsMax: 100,
  functionsMax: 20_000,
  tablesMax: 100,
  tableEntriesMax: 10_000,
  memoryPagesMax: 65_536,
  globalsMax: 1_000,
  exportsMax: 1_000,
  elementSegmentsMax: 10_000,
  elementEntriesMax: 100_000,
  dataSegmentsMax: 10_000,
  localsPerFunctionMax: 1_000,
  localsGroupsMax: 500_000,
  bodyBytesMax: 256 * 1024,
  nestingMax: 512,
  branchTableLabelsMax: 4_096,
};

/** Limits of profile `conformance`: those of the engines, so that any module that runs there can be run through it. */
export const CONFORMANCE_LIMITS: ModuleLimits = {
  moduleBytesMax: 256 * 1024 * 1024,
  customSectionsMax: 1_000_000,
  typesMax: 1_000_000,
  parametersPerFunctionMax: 1_000,
  resultsPerFunctionMax: 1_000,
  typeWordsMax: 10_000_000,
  importsMax: 100_000,
  functionsMax: 1_000_000,
  tablesMax: 100_000,
  tableEntriesMax: 2 ** 40,
  memoryPagesMax: AGENT_LIMITS.memoryPagesMax,
  globalsMax: 1_000_000,
  exportsMax: 100_000,
  elementSegmentsMax: 10_000_000,
  elementEntriesMax: 100_000_000,
  dataSegmentsMax: 100_000,
  localsPerFunctionMax: 50_000,
  localsGroupsMax: 100_000_000,
  // A quarter of what engines take, because instrumentation may make a body that much larger.
  bodyBytesMax: 1_900_000,
  nestingMax: 10_000,
  branchTableLabelsMax: 65_520,
};

/** Payload of a signature section, and of a signature file. */
export const signatureBytesMax: number = 64 * 1024;
/** Signed hash lists per module. */
export const signedHashListsMax = 64;
/** Hashes, which are parts of a module, per list. */
export const signedHashesMax = 64;
export const signaturesPerListMax = 256;
export const keyIdBytesMax = 255;
/** Payload of the manifest section. Message schemas are the bulk of it. */
export const manifestBytesMax: number = 256 * 1024;
export const manifestNameBytesMax = 255;

assert(AGENT_LIMITS.bodyBytesMax < AGENT_LIMITS.moduleBytesMax, "a body fits into a module");
assert(AGENT_LIMITS.memoryPagesMax * 65_536 <= 2 ** 32, "memory is addressed with 32 bits");
assert(manifestBytesMax < AGENT_LIMITS.moduleBytesMax, "a manifest fits into a module");
