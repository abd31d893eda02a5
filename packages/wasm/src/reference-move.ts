/** What instructions on references and tables do to the operand stack: the table's element type, and counts. */

import type { TableType } from "./module.js";
import { OpByte } from "./op-byte.js";
import { FC } from "./opcodes.js";
import type { OperandStack } from "./operand-stack.js";
import { ValueType } from "./value-type.js";

const tableGrow = FC + 15;
const tableFill = FC + 17;

/** What the instruction says and works on. */
export interface ReferenceOperand {
  readonly op: number;
  /** Its first index, or the type of `ref.null`. */
  readonly index: number;
  readonly tables: readonly TableType[];
}

/** Takes its operands off the stack and puts its results there. False: the instruction is about something else. */
export function moveReference(stack: OperandStack, { op, index, tables }: ReferenceOperand): boolean {
  switch (op) {
    case OpByte.TABLE_GET:
      stack.pop();
      stack.push(tables[index]?.element ?? 0);
      return true;
    case OpByte.TABLE_SET:
      stack.pop();
      stack.pop();
      return true;
    case OpByte.REF_NULL:
      stack.push(index);
      return true;
    case OpByte.REF_IS_NULL:
      stack.pop();
      stack.push(ValueType.I32);
      return true;
    case OpByte.REF_FUNC:
      stack.push(ValueType.FUNCREF);
      return true;
    case tableGrow:
      stack.pop();
      stack.pop();
      stack.push(ValueType.I32);
      return true;
    case tableFill:
      for (let count = 0; count < 3; count++) stack.pop();
      return true;
    default:
      return false;
  }
}
