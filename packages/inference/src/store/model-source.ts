/** What a model is asked for by: `hf:ORG/NAME@REVISION`, `https://…/model.onnx`, `file:PATH`. Text to plain data. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isModelName } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { addressProblem } from "./web-request.js";

export type ModelSource =
  | {
      readonly kind: "hub";
      /** As written. */
      readonly text: string;
      /** `ORG/NAME`, or `NAME` alone. */
      readonly repository: string;
      readonly revision: string;
    }
  | {
      readonly kind: "web";
      readonly text: string;
      readonly url: URL;
      /** From `#sha256=…`. */
      readonly sha256?: string;
    }
  | { readonly kind: "file"; readonly text: string; readonly path: string };

const word = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$/;

/** `base`: folder that paths are relative to. @throws {WE_MODEL_SOURCE} */
export function readSource(text: string, base: string): ModelSource {
  const refuse = (problem: string): Error =>
    inferenceError("WE_MODEL_SOURCE", { source: JSON.stringify(text.slice(0, 200)), problem });
  if (text.startsWith("hf:")) {
    const [repository = "", revision = "main", ...more] = text.slice(3).split("@");
    const words = repository.split("/");
    if (more.length > 0 || words.length > 2 || !words.every((part) => word.test(part)))
      throw refuse("ORG/NAME is made of letters, digits, points, hyphens and underscores");
    if (!/^[A-Za-z0-9][A-Za-z0-9._/-]{0,95}$/.test(revision) || revision.includes(".."))
      throw refuse("a revision is a branch, a tag or a commit");
    return { kind: "hub", text, repository, revision };
  }
  if (text.startsWith("file:")) {
    const path = text.startsWith("file://") ? tryPath(text) : resolve(base, text.slice(5));
    if (path === undefined || text.length === 5) throw refuse("file: is followed by a path");
    return { kind: "file", text, path };
  }
  if (!URL.canParse(text)) throw refuse("it begins with none of hf:, https: and file:");
  const url = new URL(text);
  const problem = addressProblem(url);
  if (problem !== undefined) throw refuse(problem);
  if (url.username !== "" || url.password !== "")
    throw refuse("an address with a password would be written down");
  const [, sha256] = /^#sha256=([0-9a-f]{64})$/.exec(url.hash) ?? [];
  if (url.hash !== "" && sha256 === undefined)
    throw refuse("after # only sha256= and 64 hex digits may stand");
  url.hash = "";
  return { kind: "web", text, url, ...(sha256 === undefined ? {} : { sha256 }) };
}

/** The name of a model's folder where nobody has given one. @throws {WE_MODEL_SOURCE} */
export function nameFor(source: ModelSource, wanted?: string): string {
  const last = (path: string): string =>
    path
      .split(/[\\/]/)
      .filter((part) => part !== "")
      .at(-1) ?? "";
  const given =
    source.kind === "hub" ? source.repository : source.kind === "web" ? source.url.pathname : source.path;
  const name =
    wanted ??
    last(given)
      .replace(/\.onnx$/, "")
      .replace(/^[^A-Za-z0-9]+/, "");
  if (isModelName(name)) return name;
  const problem = `${JSON.stringify(name.slice(0, 80))} cannot be the name of a model; give one with --name`;
  throw inferenceError("WE_MODEL_SOURCE", { source: JSON.stringify(source.text.slice(0, 200)), problem });
}

function tryPath(text: string): string | undefined {
  try {
    return fileURLToPath(text);
  } catch {
    return undefined;
  }
}
