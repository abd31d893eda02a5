/** Checks values against JSON Schemas and says in words what does not fit, with the place. */

import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import type { Json } from "@wasm-engine/core";
import { fail } from "./errors.js";
import { connectionMethods, controlMethods } from "./methods.js";

/** Problems that are named; a body that fits nowhere has one for every member. */
const problemsShownMax = 5;

/** Everything that does not fit, in one line; undefined where all does. */
export type CheckValue = (value: unknown) => string | undefined;

/** As agents check messages: unknown keywords mean nothing, `format` is a remark. @throws where it is no schema */
export function compileSchema(schema: Json): CheckValue {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, ownProperties: true });
  const validate: ValidateFunction = ajv.compile(schema as boolean | object); // Json is one of both, or no schema
  return (value) => (validate(value) ? undefined : problemText(validate.errors ?? []));
}

function problemText(errors: readonly ErrorObject[]): string {
  const texts = [...new Set(errors.map(problemOf))];
  const rest = texts.length - problemsShownMax;
  return `${texts.slice(0, problemsShownMax).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
}

function problemOf({ instancePath, message = "does not fit", params }: ErrorObject): string {
  const place = instancePath === "" ? "the whole" : instancePath;
  const { additionalProperty, allowedValues } = params as {
    readonly additionalProperty?: string;
    readonly allowedValues?: readonly unknown[];
  }; // members that ajv gives to some keywords
  if (additionalProperty !== undefined)
    return `${place} has a member "${additionalProperty}" that is not known`;
  const allowed =
    allowedValues === undefined ? "" : `: ${allowedValues.map((value) => JSON.stringify(value)).join(", ")}`;
  return `${place} ${message}${allowed}`;
}

const compiled = new Map<string, CheckValue>();

/** Every method that can be called. */
const methodNames: readonly string[] = [...Object.keys(controlMethods), ...Object.keys(connectionMethods)];

/** @throws {WE_CONTROL_METHOD} {WE_CONTROL_PARAMS} */
export function checkParams(method: string, params: unknown): void {
  const known = Object.hasOwn(controlMethods, method) ? controlMethods[method] : undefined;
  const own = Object.hasOwn(connectionMethods, method) ? connectionMethods[method] : undefined;
  const definition = known ?? own;
  if (definition === undefined) {
    throw fail("WE_CONTROL_METHOD", { method: method.slice(0, 80), known: methodNames.join(", ") });
  }
  let check = compiled.get(method);
  if (check === undefined) compiled.set(method, (check = compileSchema(definition.params)));
  const problems = check(params);
  if (problems !== undefined) throw fail("WE_CONTROL_PARAMS", { method, problems });
}
