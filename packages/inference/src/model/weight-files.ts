/**
 * Weights of a model that lie in files beside it (`model.onnx_data`), as exports above 2 GiB have them. Names come from
 * the model and are untrusted: only files within its folder are opened. Reads sizes and digests, never whole files.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isPathWithin } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import type { ModelWeights } from "../runtime/onnx-runtime.js";

/** Where a model lies, for messages. */
interface ModelPlace {
  readonly model: string;
  /** Absolute path of the `.onnx` file. */
  readonly path: string;
}

/** A file of weights as it was found. */
interface FoundFile {
  readonly name: string;
  readonly bytes: number;
  /** Hex SHA-256. */
  readonly digest: string;
  readonly modified: number;
}

/** The files of weights of one model. */
export interface WeightFiles extends ModelWeights {
  readonly found: readonly FoundFile[];
  readonly bytes: number;
}

/** Opens and digests what `named` names: files by the bytes that each has at least. @throws {WE_MODEL_…} */
export async function readWeightFiles(
  place: ModelPlace,
  named: ReadonlyMap<string, number>,
): Promise<WeightFiles> {
  const folder = dirname(place.path);
  const found: FoundFile[] = [];
  for (const [name, bytesMin] of named) {
    if (!isPathWithin(name))
      throw inferenceError("WE_MODEL_UNSUPPORTED", {
        ...place,
        reason: `its weights are in ${JSON.stringify(name.slice(0, 80))}, which is no path within its folder`,
        advice: "export it again: a model and its weights lie in one folder",
      });
    found.push(await readWeightFile(place, { name, path: join(folder, ...name.split("/")), bytesMin }));
  }
  const names = found.map(({ name }) => name);
  return { folder, names, found, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function readWeightFile(
  { model, path: modelPath }: ModelPlace,
  { name, path, bytesMin }: { readonly name: string; readonly path: string; readonly bytesMin: number },
): Promise<FoundFile> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true)
    throw inferenceError("WE_MODEL_WEIGHTS", { model, path: modelPath, name, found: "which is not there" });
  if (stats.size < bytesMin)
    throw inferenceError("WE_MODEL_WEIGHTS", {
      model,
      path: modelPath,
      name,
      found: `which has ${stats.size} bytes; the model needs ${bytesMin}`,
    });
  return { name, bytes: stats.size, digest: await fileDigest(path), modified: stats.mtimeMs };
}

/** Hex SHA-256 of a file of any size. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
    hash.update(chunk as Uint8Array); // without an encoding a stream gives bytes
  return hash.digest("hex");
}

/**
 * Digest of a model: of its one file, or of one line `DIGEST  NAME` for each of several files, the `.onnx` file first
 * and the others sorted by name.
 */
export function modelDigest(file: string, bytes: Uint8Array, { found }: WeightFiles): string {
  const own = createHash("sha256").update(bytes).digest("hex");
  if (found.length === 0) return own;
  const lines = [{ digest: own, name: file }, ...found].map(({ digest, name }) => `${digest}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/** A runtime opens the files by itself, after they were digested. @throws {WE_MODEL_CHANGED} */
export async function expectUnchanged({ model, path }: ModelPlace, weights: WeightFiles): Promise<void> {
  for (const { name, bytes, digest, modified } of weights.found) {
    const now = await stat(join(weights.folder, ...name.split("/"))).catch(() => undefined);
    if (now?.size === bytes && now.mtimeMs === modified) continue;
    throw inferenceError("WE_MODEL_CHANGED", { model, path, expected: digest, actual: "another" });
  }
}
