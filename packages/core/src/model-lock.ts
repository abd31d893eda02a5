/**
 * `models.lock`: the models of a project, where they came from, and the digest of every file, so that another machine
 * gets the same bytes or an error. Text to plain data and back; who fetches and who reads models share it.
 */

/** A file of a model, its path with / between its parts. */
export interface LockedFile {
  readonly path: string;
  readonly bytes: number;
  /** Hex SHA-256. */
  readonly sha256: string;
}

export interface LockedModel {
  /** As it was asked for: `hf:ORG/NAME@REV`, `https://…`, `file:…`. */
  readonly source: string;
  /** Commit that the source named when the model was added, where it has such. */
  readonly revision?: string;
  /** Relative to the lock, with / between its parts. */
  readonly folder: string;
  /** Path of the `.onnx` file in the folder. */
  readonly file: string;
  /** Digest of the model, as reports of runs print it. */
  readonly digest: string;
  readonly files: readonly LockedFile[];
}

/** Models by name. */
export type ModelLock = ReadonlyMap<string, LockedModel>;

export const modelLockName = "models.lock";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const digestPattern = /^[0-9a-f]{64}$/;
/** Devices of Windows, which are no names of folders there. */
const devicePattern = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Whether a model may be called so: the name is a folder too. */
export function isModelName(name: string): boolean {
  return namePattern.test(name) && !name.endsWith(".") && !devicePattern.test(name);
}

/** Whether a path stays within the folder that it is relative to, on every system. */
export function isPathWithin(path: string): boolean {
  const plain = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return plain && path.length <= 512 && !/[\\:\u0000-\u001f]/.test(path);
}

/** Text of a lock: names in order, so that a change shows as such. */
export function writeModelLock(models: ModelLock): string {
  const sorted = [...models].sort(([left], [right]) => (left < right ? -1 : 1));
  return `${JSON.stringify({ version: 1, models: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/** The models of a lock, or a text that says why it is none. */
export function readModelLock(text: string): ModelLock | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is no JSON";
  }
  if (!isMap(value) || value["version"] !== 1 || !isMap(value["models"]))
    return "it does not begin with version 1 and models";
  const models = new Map<string, LockedModel>();
  for (const [name, entry] of Object.entries(value["models"])) {
    if (!isModelName(name)) return `${JSON.stringify(name.slice(0, 80))} is no name of a model`;
    const model = readEntry(entry);
    if (typeof model === "string") return `models.${name}: ${model}`;
    models.set(name, model);
  }
  return models;
}

function readEntry(entry: unknown): LockedModel | string {
  if (!isMap(entry)) return "it is no map";
  const { source, revision, folder, file, digest, files } = entry;
  if (typeof source !== "string" || source === "") return "source is no text";
  if (revision !== undefined && typeof revision !== "string") return "revision is no text";
  if (typeof folder !== "string" || !isPathWithin(folder)) return "folder is no path below the lock";
  if (typeof file !== "string" || !isPathWithin(file)) return "file is no path within the folder";
  if (typeof digest !== "string" || !digestPattern.test(digest)) return "digest has not 64 hex digits";
  const known = Array.isArray(files) ? (files as readonly unknown[]).filter(isLockedFile) : [];
  if (!Array.isArray(files) || known.length < files.length)
    return "files is no list of path, bytes and sha256";
  if (!known.some(({ path }) => path === file)) return "files does not list file";
  const from = revision === undefined ? { source } : { source, revision };
  const kept = known.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }));
  return { ...from, folder, file, digest, files: kept };
}

function isLockedFile(value: unknown): value is LockedFile {
  if (!isMap(value)) return false;
  const { path, bytes, sha256 } = value;
  return (
    typeof path === "string" &&
    isPathWithin(path) &&
    Number.isSafeInteger(bytes) &&
    Number(bytes) >= 0 &&
    typeof sha256 === "string" &&
    digestPattern.test(sha256)
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
