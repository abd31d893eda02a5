/** Counts the work of reading, typing and writing modules, so that tests can say "linear" without a clock. */

import { BinaryReader } from "../binary-reader.js";
import { Encoder } from "../encoder.js";
import { OperandStack } from "../operand-stack.js";
import { ValidationStack } from "../validation-stack.js";

/** Every step goes through these: a byte read or written, an operand moved, a frame opened. */
const counted: readonly (readonly [object, readonly string[]])[] = [
  [BinaryReader.prototype, ["byte", "skip"]],
  [Encoder.prototype, ["byte", "bytes"]],
  [OperandStack.prototype, ["push", "pop", "typeAt", "settle"]],
  [ValidationStack.prototype, ["push", "pop", "popExpected", "checkTop", "open", "close"]],
];

/** Number of steps that `work` takes. */
export function stepsOf(work: () => void): number {
  let steps = 0;
  const restore: (() => void)[] = [];
  for (const [prototype, names] of counted) {
    for (const name of names) {
      const methods = prototype as Record<string, (...values: unknown[]) => unknown>; // of the classes above
      const original = methods[name];
      if (original === undefined) throw new Error(`no method ${name}`);
      restore.push(() => (methods[name] = original));
      methods[name] = function (this: unknown, ...values) {
        steps += 1;
        return original.apply(this, values);
      };
    }
  }
  try {
    work();
  } finally {
    for (const undo of restore) undo();
  }
  return steps;
}
