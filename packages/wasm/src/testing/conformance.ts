/**
 * The official WebAssembly test suite, converted to JSON and binary modules, read from archives that lie outside of the
 * repository. Tests that need it skip with a message where it is absent.
 */

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** `webassembly-spec-2.0-half`: must pass. `webassembly-3.0-refused`: files that use refused features. */
export type ConformanceArchive = "webassembly-spec-2.0-half" | "webassembly-3.0-refused";

/** A value in an action or an expectation, as wast2json writes it. */
export interface ConformanceValue {
  readonly type: string;
  readonly lane_type?: string;
  readonly value?: string | readonly string[];
}

export interface ConformanceAction {
  readonly type: "invoke" | "get";
  readonly module?: string;
  readonly field: string;
  readonly args?: readonly ConformanceValue[];
}

/** One command of a converted `.wast` file. Fields depend on `type`. */
export interface ConformanceCommand {
  readonly type: string;
  readonly line: number;
  readonly filename?: string;
  readonly module_type?: "binary" | "text";
  readonly text?: string;
  readonly name?: string;
  readonly as?: string;
  readonly action?: ConformanceAction;
  readonly expected?: readonly ConformanceValue[];
}

/** One converted `.wast` file. */
export interface ConformanceFile {
  readonly name: string;
  readonly commands: readonly ConformanceCommand[];
  /** Bytes of a module named by a command. */
  module(filename: string): Uint8Array;
}

/** Folder of the archives: the environment variable, or `shared/conformance` beside the repository. */
export const CONFORMANCE_FOLDER: string =
  process.env["WASM_ENGINE_CONFORMANCE"] ??
  resolve(dirname(fileURLToPath(import.meta.url)), "../../../../../shared/conformance");

/** What a skipped test says. */
export const CONFORMANCE_ABSENT = [
  `official test suite not found in ${CONFORMANCE_FOLDER};`,
  "set WASM_ENGINE_CONFORMANCE to the folder of its archives",
].join(" ");

/** All files of an archive in the order of the archive, or `undefined` where it is absent. */
export function readConformance(archive: ConformanceArchive): ConformanceFile[] | undefined {
  const path = join(CONFORMANCE_FOLDER, `${archive}.tgz`);
  return existsSync(path) ? readSuite(path) : undefined;
}

/** All files of a converted suite, by name: an archive, or a folder that holds `NAME/NAME.json` at any depth. */
export function readSuite(path: string): ConformanceFile[] {
  const entries = statSync(path).isDirectory() ? readFolder(path) : readTar(gunzipSync(readFileSync(path)));
  const files: ConformanceFile[] = [];
  for (const [entry, bytes] of entries) {
    const match = /^(?:\.\/)?(.+)\/[^/]+\.json$/.exec(entry);
    if (match === null) continue;
    const directory = match[1] ?? "";
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const { commands } = json as Pick<ConformanceFile, "commands">; // the form that wast2json writes
    files.push({
      name: directory,
      commands,
      module(filename) {
        const found = entries.get(`${directory}/${filename}`) ?? entries.get(`./${directory}/${filename}`);
        if (found === undefined) throw new Error(`${basename(path)} lacks ${directory}/${filename}`);
        return found;
      },
    });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readFolder(folder: string): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const wanted = entry.isFile() && /\.(json|wasm)$/.test(entry.name);
    if (wanted) entries.set(relative(folder, path).replaceAll("\\", "/"), new Uint8Array(readFileSync(path)));
  }
  return entries;
}

const BLOCK_BYTES = 512;

/** Regular files of a tar archive (ustar with short names, and GNU long names) by path. */
export function readTar(bytes: Uint8Array): Map<string, Uint8Array> {
  const text = (start: number, length: number): string =>
    new TextDecoder().decode(bytes.subarray(start, start + length)).replace(/\0.*$/s, "");
  const entries = new Map<string, Uint8Array>();
  let longName: string | undefined;
  for (let offset = 0; offset + BLOCK_BYTES <= bytes.length;) {
    const size = Number.parseInt(text(offset + 124, 12), 8);
    const kind = text(offset + 156, 1);
    const content = offset + BLOCK_BYTES;
    const prefix = text(offset + 345, 155);
    const name = longName ?? (prefix === "" ? "" : `${prefix}/`) + text(offset, 100);
    if (Number.isNaN(size)) break;
    if (kind === "L") longName = text(content, size);
    else longName = undefined;
    if (kind === "0" || kind === "")
      entries.set(name, new Uint8Array(bytes.subarray(content, content + size)));
    offset = content + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return entries;
}
