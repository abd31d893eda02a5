/** `model.json`: which file is the model, and what is said about it. Unknown keys are refused. */

import type { TensorType } from "@wasm-engine/abi";
import { adviceFor } from "../suggestion.js";
import { elementTypeNames, elementTypeOf } from "./element-type.js";

/** An input or output as a manifest declares it: `{ "name": "x", "type": "float32", "shape": ["batch", 4] }`. */
export interface DeclaredPort {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | string)[];
}

export interface ModelManifest {
  readonly name: string;
  readonly version: string;
  /** Path of the `.onnx` file in the folder of the manifest. */
  readonly file: string;
  /** Hex SHA-256 of the model, as reports print it. */
  readonly sha256?: string;
  /** Ticks from a request to its answer; default 1. */
  readonly latencyTicks: number;
  readonly inputs?: readonly DeclaredPort[];
  readonly outputs?: readonly DeclaredPort[];
  /** `serial`: never join requests, whatever the self-test finds. */
  readonly batch: "auto" | "serial";
  readonly license?: string;
  readonly trainedBy?: string;
  readonly description?: string;
}

/** What is wrong with a manifest and what to do. */
export interface ManifestProblem {
  readonly problem: string;
  readonly advice: string;
}

export const latencyTicksMax = 1_000_000;

type Check = (value: unknown) => string | undefined;

const KEYS: Readonly<Record<string, Check>> = {
  $schema: text(1024),
  name: text(128),
  version: text(64),
  file: plainPath,
  sha256: (value) =>
    typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? undefined : "64 hex digits in lower case",
  latencyTicks: (value) =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= latencyTicksMax
      ? undefined
      : `a whole number from 1 to ${latencyTicksMax}`,
  inputs: ports,
  outputs: ports,
  batch: (value) => (value === "auto" || value === "serial" ? undefined : '"auto" or "serial"'),
  license: text(256),
  trainedBy: text(1024),
  description: text(4096),
};
const REQUIRED = ["name", "version", "file"] as const;

/** Reads the text of a `model.json`. */
export function readManifest(json: string): ModelManifest | ManifestProblem {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    return problem(
      `it is no JSON (${String(cause instanceof Error ? cause.message : cause)})`,
      "correct the syntax",
    );
  }
  if (!isRecord(value))
    return problem("it is no JSON object", 'begin with { "name": …, "version": …, "file": … }');
  for (const [key, member] of Object.entries(value)) {
    const check = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (check === undefined)
      return problem(`the key "${key}" is unknown`, adviceFor(key, Object.keys(KEYS), "keys"));
    const expected = check(member);
    if (expected !== undefined) return problem(`${key} is ${shown(member)}`, `${key} is ${expected}`);
  }
  for (const key of REQUIRED)
    if (!(key in value)) return problem(`the key "${key}" is missing`, `add "${key}"`);
  return manifestOf(value);
}

/** Every member has passed its check, which is what the assertions below rest on. */
function manifestOf(value: Readonly<Record<string, unknown>>): ModelManifest {
  const optional = (key: "sha256" | "license" | "trainedBy" | "description"): Record<string, string> =>
    key in value ? { [key]: value[key] as string } : {};
  const declared = (key: "inputs" | "outputs"): Record<string, readonly DeclaredPort[]> =>
    key in value ? { [key]: portsOf(value[key] as readonly Record<string, unknown>[]) } : {};
  return {
    name: value["name"] as string,
    version: value["version"] as string,
    file: value["file"] as string,
    latencyTicks: (value["latencyTicks"] as number | undefined) ?? 1,
    batch: (value["batch"] as "auto" | "serial" | undefined) ?? "auto",
    ...optional("sha256"),
    ...optional("license"),
    ...optional("trainedBy"),
    ...optional("description"),
    ...declared("inputs"),
    ...declared("outputs"),
  };
}

function portsOf(list: readonly Record<string, unknown>[]): DeclaredPort[] {
  return list.flatMap(({ name, type, shape }) => {
    const element = elementTypeOf(String(type));
    return element === undefined
      ? []
      : [{ name: String(name), type: element, shape: shape as readonly (number | string)[] }];
  });
}

function ports(value: unknown): string | undefined {
  const types = elementTypeNames.join(", ");
  const expected = `a list of { name, type, shape } with a type of ${types} and a shape of sizes and names`;
  if (!Array.isArray(value) || value.length === 0) return expected;
  const right = value.every(
    (port: unknown) =>
      isRecord(port) &&
      Object.keys(port).every((key) => ["name", "type", "shape"].includes(key)) &&
      typeof port["name"] === "string" &&
      elementTypeOf(String(port["type"])) !== undefined &&
      Array.isArray(port["shape"]) &&
      port["shape"].every(
        (size) => typeof size === "string" || (Number.isInteger(size) && Number(size) >= 1),
      ),
  );
  return right ? undefined : expected;
}

/** A path that stays in its folder, on every system. */
function plainPath(value: unknown): string | undefined {
  const expected = "a path inside the folder, with / between its parts";
  if (typeof value !== "string" || value === "" || value.length > 512) return expected;
  const plain = value.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return plain && !/[\\:\u0000-\u001f]/.test(value) ? undefined : expected;
}

function text(charactersMax: number): Check {
  return (value) =>
    typeof value === "string" && value.length >= 1 && value.length <= charactersMax
      ? undefined
      : `a text of 1 to ${charactersMax} characters`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  // A list or map may be nested deeper than the stack of whoever prints it.
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return "a map";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}

const problem = (text: string, advice: string): ManifestProblem => ({ problem: text, advice });
