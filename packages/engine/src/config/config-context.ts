/** What the checks of a configuration share: the document, the folder that paths are relative to, and the findings. */

import { resolve } from "node:path";
import { isFile } from "../storage/path-kind.js";
import { pathText, problemsError, shown } from "./problem.js";
import type { Problem } from "./problem.js";
import { adviceFor } from "./suggestion.js";
import type { Path, YamlDocument } from "./yaml-document.js";

export class ConfigContext {
  readonly document: YamlDocument;
  readonly directory: string;
  readonly #problems: Problem[] = [];

  constructor(document: YamlDocument, directory: string) {
    this.document = document;
    this.directory = directory;
  }

  /** Notes a problem at the value of `path`. `suffix` tells the row of a table. */
  add(code: Problem["code"], path: Path, parameters: Readonly<Record<string, unknown>>, suffix = ""): void {
    const place = this.document.place(path);
    this.#problems.push({ code, place, parameters: { path: pathText(path) + suffix, ...parameters } });
  }

  /** Checks that `name` is one of `known`. */
  reference(
    path: Path,
    target: { name: string; known: readonly string[]; what: string },
    suffix = "",
  ): boolean {
    if (target.known.includes(target.name)) return true;
    const advice = adviceFor(target.name, target.known, `${target.what}s`);
    this.add("WE_CONFIG_REFERENCE", path, { what: target.what, came: shown(target.name), advice }, suffix);
    return false;
  }

  /** Absolute path of a file that must exist; `undefined` with a problem where it does not. */
  file(path: Path, name: string): string | undefined {
    const absolute = this.absolute(name);
    if (isFile(absolute)) return absolute;
    this.add("WE_CONFIG_FILE_MISSING", path, { came: shown(name), directory: this.directory });
    return undefined;
  }

  absolute(name: string): string {
    return resolve(this.directory, name);
  }

  /** @throws the problems found so far, if any. */
  settle(): void {
    if (this.#problems.length > 0) throw problemsError(this.document.file, this.#problems);
  }
}
