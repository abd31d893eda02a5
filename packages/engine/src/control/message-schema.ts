/** Compiles schemas that authors of modules wrote, in any keywords. Loaded where a module declares one. */

import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv/dist/2020.js";
import type { Json } from "@wasm-engine/core";
import { problemText } from "./schema-problem.js";
import type { CheckValue } from "./schema-problem.js";

/** As agents check messages: unknown keywords mean nothing, `format` is a remark. @throws where it is no schema */
export function compileSchema(schema: Json): CheckValue {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, ownProperties: true });
  const validate: ValidateFunction = ajv.compile(schema as boolean | object); // Json is one of both, or no schema
  return (value) => (validate(value) ? undefined : problemText(validate.errors ?? []));
}
