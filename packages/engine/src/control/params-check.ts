/** Holds the params of a call against what its method takes. */

import { fail } from "./errors.js";
import { batchMethods, connectionMethods, controlMethods } from "./methods.js";
import { paramsProblems } from "./params-schema.js";
import { problemText } from "./schema-problem.js";
import type { SchemaProblem } from "./schema-problem.js";

const checks = new Map<string, (params: unknown) => readonly SchemaProblem[]>();

/** Every method that can be called. */
const methodNames: readonly string[] = [controlMethods, batchMethods, connectionMethods].flatMap((methods) =>
  Object.keys(methods),
);

/** @throws {WE_CONTROL_METHOD} {WE_CONTROL_PARAMS} */
export function checkParams(method: string, params: unknown): void {
  const known = Object.hasOwn(controlMethods, method) ? controlMethods[method] : undefined;
  const batch = Object.hasOwn(batchMethods, method) ? batchMethods[method] : undefined;
  const own = Object.hasOwn(connectionMethods, method) ? connectionMethods[method] : undefined;
  const definition = known ?? batch ?? own;
  if (definition === undefined) {
    throw fail("WE_CONTROL_METHOD", { method: method.slice(0, 80), known: methodNames.join(", ") });
  }
  let check = checks.get(method);
  if (check === undefined) checks.set(method, (check = paramsProblems(definition.params)));
  const problems = check(params);
  if (problems.length > 0) throw fail("WE_CONTROL_PARAMS", { method, problems: problemText(problems) });
}
