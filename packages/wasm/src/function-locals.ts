/** Locals of one function, as its type and its body declare them. */

import type { FunctionBody, FunctionType } from "./module.js";
import { valueWords } from "./value-type.js";

/** Words of declared locals, parameters not counted. */
export function declaredWords(body: FunctionBody): number {
  return body.localsGroups.reduce((words, group) => words + group.count * valueWords(group.type), 0);
}

/** Types of parameters and declared locals, by index. */
export function localTypes(body: FunctionBody, type: FunctionType): Uint8Array {
  const types = new Uint8Array(type.parameters.length + body.localsCount);
  types.set(type.parameters);
  let index = type.parameters.length;
  for (const group of body.localsGroups) {
    types.fill(group.type, index, index + group.count);
    index += group.count;
  }
  return types;
}
