/**
 * Source maps of agents written in JavaScript: what a builder puts into a custom section of a module and the host
 * reads when it shows a stack trace. Mappings are those of source maps, version 3. Nothing here enters a world.
 */

/** Custom section that holds a {@link SourceMap} as JSON. */
export const SOURCE_MAP_SECTION = "wasm-engine.source-map";

/** The part of a source map, version 3, that is used. */
export interface SourceMap {
  readonly version: 3;
  /** Name of the generated script, as it stands in stack traces. */
  readonly file: string;
  /** Paths relative to the entry; never absolute. */
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/** A column of a generated line (from 0), and where it comes from: source, line and column, all from 0. */
export interface Mapping {
  readonly column: number;
  readonly source: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

/** Mappings by generated line, columns ascending. */
export type MappedLines = readonly (readonly Mapping[])[];

/** A place in a source: line and column from 1. */
export interface SourcePlace {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const digitValues: ReadonlyMap<string, number> = new Map([...digits].map((digit, value) => [digit, value]));

/** Reads the text of a section; undefined where it is no source map. */
export function parseSourceMap(text: string): SourceMap | undefined {
  try {
    const map = JSON.parse(text) as Partial<SourceMap> | null; // every field is checked below
    const isMap =
      map?.version === 3 &&
      typeof (map.file ?? "") === "string" &&
      typeof map.mappings === "string" &&
      Array.isArray(map.sources) &&
      map.sources.every((source) => typeof source === "string");
    // Some bundlers leave the file out.
    return isMap ? { ...(map as SourceMap), file: map.file ?? "", names: [] } : undefined; // checked by isMap
  } catch {
    return undefined;
  }
}

/** Mappings as lines. What is not well formed maps nothing. */
export function decodeMappings(mappings: string): MappedLines {
  let [source, sourceLine, sourceColumn] = [0, 0, 0];
  return mappings.split(";").map((line) => {
    let column = 0;
    return line.split(",").flatMap((segment): Mapping[] => {
      const [columns, sources, lines, sourceColumns] = numbersOf(segment);
      if (columns === undefined) return [];
      column += columns;
      if (sources === undefined || lines === undefined || sourceColumns === undefined) return [];
      source += sources;
      sourceLine += lines;
      sourceColumn += sourceColumns;
      return [{ column, source, sourceLine, sourceColumn }];
    });
  });
}

/** The opposite of {@link decodeMappings}. */
export function encodeMappings(lines: MappedLines): string {
  let [source, sourceLine, sourceColumn] = [0, 0, 0];
  const encoded = lines.map((line) => {
    let column = 0;
    const segments = line.map((mapping) => {
      const segment = [
        mapping.column - column,
        mapping.source - source,
        mapping.sourceLine - sourceLine,
        mapping.sourceColumn - sourceColumn,
      ];
      ({ column, source, sourceLine, sourceColumn } = mapping);
      return segment.map(digitsOf).join("");
    });
    return segments.join(",");
  });
  return encoded.join(";");
}

/** Where a place of the generated script comes from. @param line from 1 @param column from 1 */
export function originOf(
  map: { readonly sources: readonly string[]; readonly lines: MappedLines },
  line: number,
  column: number,
): SourcePlace | undefined {
  const mappings = map.lines[line - 1] ?? [];
  const mapping = mappings.findLast((candidate) => candidate.column < column) ?? mappings[0];
  const source = mapping === undefined ? undefined : map.sources[mapping.source];
  if (mapping === undefined || source === undefined) return undefined;
  return { source, line: mapping.sourceLine + 1, column: mapping.sourceColumn + 1 };
}

function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = digitValues.get(character);
    if (digit === undefined) return [];
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2);
    [value, shift] = [0, 0];
  }
  return numbers;
}

function digitsOf(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += digits[digit + (rest > 0 ? 32 : 0)] ?? "";
  } while (rest > 0);
  return text;
}
