/**
 * Reads a model folder: manifest or Hugging Face layout, the bytes, their digest, and everything that can be said
 * against the file without a runtime. What comes out is worth giving to one.
 */

import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { tensorsPerPayloadMax } from "@wasm-engine/abi";
import type { ModelSpec } from "@wasm-engine/core";
import { readEncoderShape } from "../encoder/encoder-shape.js";
import type { EncoderShape } from "../encoder/encoder-shape.js";
import { inferenceError } from "../errors.js";
import { irVersionMax, manifestBytesMax, modelFileBytesMax, opsetVersionMax } from "../limits.js";
import { readOnnxHeader } from "../onnx/index.js";
import type { OnnxHeader, OnnxValueInfo } from "../onnx/index.js";
import { elementTypeName, isElementType } from "./element-type.js";
import { modelFileOf } from "./model-file.js";
import { readManifest } from "./model-manifest.js";
import type { DeclaredPort, ModelManifest } from "./model-manifest.js";
import { modelShape, portText } from "./model-shape.js";
import type { ModelShape, Port } from "./model-shape.js";
import { modelDigest, readWeightFiles } from "./weight-files.js";
import type { WeightFiles } from "./weight-files.js";

export interface ModelFiles {
  readonly manifest: ModelManifest;
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Weights in other files; none for most models. */
  readonly weights: WeightFiles;
  /** Bytes of all of them together. */
  readonly bytesTotal: number;
  /** Hex SHA-256 of the file; see weight-files.ts where there are several. */
  readonly digest: string;
  readonly shape: ModelShape;
  /** How texts are given to it, where it is an encoder in Hugging Face layout. */
  readonly encoder?: EncoderShape;
}

interface Layout {
  readonly manifest: ModelManifest;
  /** Without a manifest the file must be a tensor model; with one its author says so. */
  readonly declared: boolean;
}

/** @throws {WE_MODEL_…} that says what is wrong with the folder. */
export async function readModelFolder({ name, dir, file, digest: pinned }: ModelSpec): Promise<ModelFiles> {
  const { manifest, declared } = await readLayout(name, dir, file);
  const path = join(dir, ...manifest.file.split("/"));
  const place = { model: name, path };
  const bytes = await readBounded(name, path, modelFileBytesMax);
  const header = readOnnxHeader(bytes);
  const weights = await readWeightFiles(place, typeof header === "string" ? new Map() : header.weightFiles);
  const digest = modelDigest(basename(path), bytes, weights);
  const pins = [
    { expected: manifest.sha256, source: "the manifest" },
    { expected: pinned, source: "the configuration" },
  ];
  for (const { expected, source } of pins)
    if (expected !== undefined && expected !== digest)
      throw inferenceError("WE_MODEL_DIGEST_MISMATCH", {
        model: name,
        path,
        actual: digest,
        expected,
        source,
      });
  if (typeof header === "string")
    throw inferenceError("WE_MODEL_MALFORMED", { model: name, path, reason: header });
  checkVersions(place, header);
  if (!declared) checkTensorModel(place, header);
  checkDeclared(name, manifest, header);
  const bytesTotal = bytes.length + weights.bytes;
  const encoder = declared ? undefined : readEncoderShape(header);
  const shape = shapeOf(place, header);
  const whole = { manifest, path, bytes, weights, bytesTotal, digest, shape };
  return encoder === undefined ? whole : { ...whole, encoder };
}

async function readLayout(model: string, dir: string, file: string | undefined): Promise<Layout> {
  const path = join(dir, "model.json");
  if (await isFile(path)) {
    const manifest = readManifest(
      Buffer.from(await readBounded(model, path, manifestBytesMax)).toString("utf8"),
    );
    if ("problem" in manifest) throw inferenceError("WE_MODEL_MANIFEST", { model, path, ...manifest });
    return { manifest: file === undefined ? manifest : { ...manifest, file }, declared: true };
  }
  const chosen = file ?? (await modelFileOf(model, dir));
  if (!(await isFile(join(dir, "config.json"))))
    throw inferenceError("WE_MODEL_FOLDER", {
      model,
      path: dir,
      reason: "neither model.json nor config.json is there",
    });
  const manifest: ModelManifest = {
    name: basename(dir),
    version: "unversioned",
    file: chosen,
    latencyTicks: 1,
    batch: "auto",
  };
  return { manifest, declared: false };
}

/** A folder in Hugging Face layout whose model takes the past of a text. @throws {WE_MODEL_…} */
export async function hasTextModel({ name, dir, file }: ModelSpec): Promise<boolean> {
  const { manifest, declared } = await readLayout(name, dir, file);
  if (declared) return false;
  const bytes = await readBounded(name, join(dir, ...manifest.file.split("/")), modelFileBytesMax);
  const header = readOnnxHeader(bytes);
  return typeof header !== "string" && pastOf(header) !== undefined;
}

function pastOf({ inputs }: OnnxHeader): OnnxValueInfo | undefined {
  return inputs.find(({ name }) => name.startsWith("past"));
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** A file's bytes, at most so many. */
export async function readBounded(model: string, path: string, bytesMax: number): Promise<Uint8Array> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw inferenceError("WE_MODEL_READ", { model, path, cause: "it is not a file" });
    const { size } = stats;
    if (size > bytesMax)
      throw inferenceError("WE_MODEL_LIMIT", {
        model,
        bytes: size,
        bytesMax,
        budget: `a file like ${basename(path)}`,
      });
    return await readFile(path);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw inferenceError("WE_MODEL_READ", { model, path, cause: cause.message });
  }
}

export interface Place {
  readonly model: string;
  readonly path: string;
}

/** @throws {WE_MODEL_OPSET} */
export function checkVersions(place: Place, { irVersion, opsets }: OnnxHeader): void {
  const opset = opsets.get("") ?? 1;
  const supported = `IR versions up to ${irVersionMax} and operator sets up to ${opsetVersionMax}`;
  if (irVersion > irVersionMax)
    throw inferenceError("WE_MODEL_OPSET", { ...place, needed: `IR version ${irVersion}`, supported });
  if (opset > opsetVersionMax || opset < 1)
    throw inferenceError("WE_MODEL_OPSET", { ...place, needed: `operator set ${opset}`, supported });
}

function checkTensorModel(place: Place, header: OnnxHeader): void {
  const past = pastOf(header);
  if (past !== undefined)
    throw unsupported(
      place,
      `it is a text generator (input "${past.name}"), not a tensor model`,
      "write a model.json beside it to ask it with all its tensors",
    );
}

function shapeOf(place: Place, header: OnnxHeader): ModelShape {
  const port = (value: OnnxValueInfo): Port => {
    const { type } = value;
    if (!isElementType(type))
      throw unsupported(
        place,
        `"${value.name}" has ${elementTypeName(type)}`,
        "use tensors of numbers or booleans",
      );
    return { ...value, type };
  };
  const { inputs, outputs } = header;
  if (inputs.length === 0 || outputs.length === 0)
    throw unsupported(place, "it has no inputs or no outputs", "export it with at least one of each");
  if (Math.max(inputs.length, outputs.length) > tensorsPerPayloadMax)
    throw unsupported(
      place,
      `it has more than ${tensorsPerPayloadMax} inputs or outputs`,
      "join some of them",
    );
  return modelShape(inputs.map(port), outputs.map(port));
}

function checkDeclared(model: string, manifest: ModelManifest, header: OnnxHeader): void {
  for (const side of ["inputs", "outputs"] as const) {
    const declared = manifest[side];
    if (declared === undefined) continue;
    const actual = header[side];
    const same =
      declared.length === actual.length &&
      declared.every((port) => actual.some((value) => matches(port, value)));
    if (same) continue;
    throw inferenceError("WE_MODEL_SHAPE", {
      model,
      declared: `the ${side} ${declared.map((port) => portText({ ...port, dimensions: port.shape })).join(", ")}`,
      actual: actual.map(portText).join(", "),
    });
  }
}

/** A symbolic size may be called anything; a fixed one is fixed in both. */
function matches({ name, type, shape }: DeclaredPort, value: OnnxValueInfo): boolean {
  if (name !== value.name || type !== value.type) return false;
  const { dimensions } = value;
  if (dimensions === undefined) return true;
  return (
    dimensions.length === shape.length &&
    dimensions.every((size, axis) =>
      typeof size === "number" ? size === shape[axis] : typeof shape[axis] === "string",
    )
  );
}

function unsupported(place: Place, reason: string, advice: string): Error {
  return inferenceError("WE_MODEL_UNSUPPORTED", { ...place, reason, advice });
}

function isSystemError(value: unknown): value is Error & { readonly code: string } {
  return value instanceof Error && "syscall" in value;
}
