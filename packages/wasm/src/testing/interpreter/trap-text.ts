/** Kinds of traps from what engines say about them. */

import type { TrapKind } from "./value.js";

const texts: readonly (readonly [RegExp, TrapKind])[] = [
  [/unreachable/i, "unreachable"],
  [/divide by zero/i, "integer divide by zero"],
  [/remainder by zero/i, "integer remainder by zero"],
  [/divide result unrepresentable/i, "integer overflow"],
  [/float unrepresentable/i, "invalid conversion to integer"],
  [/table (index|access)|table .*out of bounds|element segment/i, "table access out of bounds"],
  [/null function|signature mismatch/i, "indirect call"],
  [/memory access out of bounds|data segment/i, "memory access out of bounds"],
];

export function trapKindOf(text: string): TrapKind {
  const kind = texts.find(([pattern]) => pattern.test(text))?.[1];
  if (kind === undefined) throw new Error(`no kind of trap is known for "${text}"`);
  return kind;
}
