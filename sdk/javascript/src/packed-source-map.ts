/** The source map that a module carries: lines only, which is what stack traces need, at a fraction of the size. */

import { SOURCE_MAP_SECTION, encodeMappings, encodeUtf8 } from "@wasm-engine/abi";
import type { Mapping, SourceMap } from "@wasm-engine/abi";
import type { Bundle } from "./bundle.js";
import { SectionId, concatenate, name } from "./module-sections.js";
import type { Section } from "./module-sections.js";

export function sourceMapSection({ name: file, sources, lines }: Bundle): Section {
  const map: SourceMap = {
    version: 3,
    file,
    sources,
    names: [],
    mappings: encodeMappings(lines.map(thinned)),
  };
  const body = concatenate([name(SOURCE_MAP_SECTION), encodeUtf8(JSON.stringify(map))]);
  return { id: SectionId.custom, body };
}

/** The first mapping of a line, and those where another line of the sources begins. */
function thinned(line: readonly Mapping[]): readonly Mapping[] {
  return line.filter((mapping, index) => {
    const before = line[index - 1];
    return before?.source !== mapping.source || before.sourceLine !== mapping.sourceLine;
  });
}
