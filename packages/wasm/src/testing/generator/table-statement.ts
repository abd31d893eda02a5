/** Instructions that change tables: only the conformance profile lets them through. */

import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType } from "../../value-type.js";
import { pick } from "../random.js";
import type { CodeContext } from "./code-context.js";
import { dropOf, plain } from "./code-context.js";
import { expression } from "./expression.js";
import { i32Const } from "./interesting-constant.js";
import type { Node } from "./program.js";

const tableInit = opOf("table.init");
const elemDrop = opOf("elem.drop");
const tableCopy = opOf("table.copy");
const tableGrow = opOf("table.grow");
const tableFill = opOf("table.fill");

export function tableStatement(context: CodeContext): Node[] {
  const { random, program } = context;
  const { tables, elements } = program;
  if (tables.length === 0) return [];
  const table = random.below(tables.length);
  const { element = ValueType.FUNCREF, minimum = 0 } = tables[table] ?? {};
  const slot = (): Node => i32Const(random.below(minimum + 2));
  const reference = (): Node => expression(context, element);
  const fitting = elements.flatMap(({ type }, index) => (type === element ? [index] : []));
  switch (random.below(6)) {
    case 0:
      return [plain(OpByte.TABLE_SET, [slot(), reference()], [], [table])];
    case 1:
      return [dropOf([plain(tableGrow, [reference(), i32Const(random.below(3))], [ValueType.I32], [table])])];
    case 2:
      return [plain(tableFill, [slot(), reference(), i32Const(random.below(3))], [], [table])];
    case 3: {
      const source = tables.flatMap((candidate, index) => (candidate.element === element ? [index] : []));
      return [
        plain(tableCopy, [slot(), slot(), i32Const(random.below(3))], [], [table, pick(random, source)]),
      ];
    }
    case 4: {
      if (fitting.length === 0) return [];
      const [from, count] = [i32Const(random.below(3)), i32Const(random.below(3))];
      return [plain(tableInit, [slot(), from, count], [], [pick(random, fitting), table])];
    }
    default:
      return elements.length === 0 ? [] : [plain(elemDrop, [], [], [random.below(elements.length)])];
  }
}
