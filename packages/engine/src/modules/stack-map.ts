/**
 * Stack traces of scripts in the words of their authors: the source maps that modules carry, by the name of the script.
 * For what people read only: nothing mapped enters a world or a log. A map that is damaged maps nothing.
 */

import { SOURCE_MAP_SECTION, decodeMappings, decodeUtf8, originOf, parseSourceMap } from "@wasm-engine/abi";
import type { MappedLines } from "@wasm-engine/abi";
import { customSectionOf } from "@wasm-engine/wasm";
import { sourceMapBytesMax } from "./limits.js";

/** Names that the builder of scripts gives: they hold a digest of the script. */
const scriptPlace = /(bundle-[0-9a-f]{8}\.js):(\d{1,9})(?::(\d{1,9}))?/g;

interface ScriptMap {
  readonly sources: readonly string[];
  readonly lines: MappedLines;
}

export class StackMap {
  readonly #modules: () => readonly Uint8Array[];
  #scripts: ReadonlyMap<string, ScriptMap> | undefined;

  /** @param modules as signed: instrumented ones have lost their maps. Asked for when the first trace is mapped. */
  constructor(modules: () => readonly Uint8Array[] = () => []) {
    this.#modules = modules;
  }

  /** The text with every place of a known script replaced by file and line of its source. */
  map(text: string): string {
    if (!text.includes("bundle-")) return text;
    this.#scripts ??= scriptsOf(this.#modules());
    const scripts = this.#scripts;
    return text.replaceAll(scriptPlace, (place, name: string, line: string, column: string | undefined) => {
      const script = scripts.get(name);
      const origin = script && originOf(script, Number(line), Number(column ?? 1));
      return origin === undefined ? place : `${origin.source}:${origin.line}`;
    });
  }
}

function scriptsOf(modules: readonly Uint8Array[]): ReadonlyMap<string, ScriptMap> {
  const scripts = new Map<string, ScriptMap>();
  for (const bytes of modules) {
    const section = sectionOf(bytes);
    const map = section === undefined ? undefined : parseSourceMap(decodeUtf8(section) ?? "");
    if (map !== undefined)
      scripts.set(map.file, { sources: map.sources, lines: decodeMappings(map.mappings) });
  }
  return scripts;
}

function sectionOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const section = customSectionOf(bytes, SOURCE_MAP_SECTION);
    return section === undefined || section.length > sourceMapBytesMax ? undefined : section;
  } catch {
    // No module: whoever runs it says so, this is about traces.
    return undefined;
  }
}
