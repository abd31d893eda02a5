/**
 * `validate`: the decision whether a module is valid WebAssembly within the frozen feature set. Never asks
 * the engine.
 */

import { BodyValidator } from "./body-validator.js";
import { readDraft } from "./module-reader.js";
import type { ReadOptions } from "./module-reader.js";
import type { Profile } from "./module-draft.js";
import type { WasmModule } from "./module.js";

/** A module that passed. Whoever holds one may read its instructions without checking them again. */
export interface ValidatedModule {
  readonly module: WasmModule;
  readonly profile: Profile;
  /**
   * Largest operand stack per body (index as in `module.code`) in words of 8 bytes: a vector counts two,
   * everything else and
   * an operand of unknown type in unreachable code one.
   */
  readonly maxOperandWords: readonly number[];
  /** Instructions, and operands moved: the work that validation took, which is linear in the bytes. */
  readonly steps: number;
}

/**
 * Validates a module in a single pass. The first error is the one with the lowest byte offset, so every machine and
 * version reports the same.
 *
 * Profile `agent` (default): WebAssembly 2.0 with SIMD, bulk memory, sign extension, saturating conversion,
 * multi-value, mutable globals, and constant funcref tables. Profile `conformance` also lets through any imports and
 * exports, table mutation and externref. Newer features are refused in both.
 *
 * @throws {WE_MODULE_HEADER} {WE_MODULE_MALFORMED} {WE_MODULE_LIMIT} {WE_MODULE_FEATURE_REFUSED}
 * {WE_MODULE_TYPE_MISMATCH}
 * {WE_MODULE_UNKNOWN_INDEX} {WE_MODULE_ALIGNMENT} {WE_MODULE_LANE} {WE_MODULE_CONSTANT_EXPRESSION}
 * {WE_MODULE_IMMUTABLE_GLOBAL}
 * {WE_MODULE_DUPLICATE_EXPORT} {WE_MODULE_START_TYPE} {WE_MODULE_UNDECLARED_REFERENCE} {WE_MODULE_RANGE}
 */
export function validate(source: Uint8Array | WasmModule, options: ReadOptions = {}): ValidatedModule {
  const bytes = source instanceof Uint8Array ? source : source.bytes;
  const profile = options.profile ?? "agent";
  let validator: BodyValidator | undefined;
  const module = readDraft(bytes, {
    profile,
    onBody: (draft, body) => {
      validator ??= new BodyValidator(draft);
      validator.validate(body);
    },
  });
  if (validator === undefined) return { module, profile, maxOperandWords: [], steps: 0 };
  const { maxOperandWords, instructions, stack } = validator;
  return { module, profile, maxOperandWords, steps: instructions + stack.steps };
}
