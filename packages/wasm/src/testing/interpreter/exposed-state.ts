/** Adds exports to a module, so that its memory and globals can be compared from outside. */

import { ByteSource } from "./byte-source.js";
import { takeApart } from "./module-parts.js";

export const MEMORY_EXPORT = "compared memory";

export function globalExport(index: number): string {
  return `compared global ${index}`;
}

const exportSection = 7;
/** Sections that come behind the exports. */
const later = new Set([8, 9, 10, 11, 12]);

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(Math.floor(value / 128))];
}

function named(name: string, kind: number, index: number): number[] {
  const text = [...new TextEncoder().encode(name)];
  return [...leb(text.length), ...text, kind, ...leb(index)];
}

/** The module with its memory and all its globals exported under names of this file. */
export function exposeState(bytes: Uint8Array): Uint8Array {
  const { imports, memories, globals } = takeApart(bytes);
  const importedGlobals = imports.filter(({ kind }) => kind === "global").length;
  const hasMemory = memories.length > 0 || imports.some(({ kind }) => kind === "memory");
  const added = hasMemory ? [named(MEMORY_EXPORT, 2, 0)] : [];
  for (let index = 0; index < importedGlobals + globals.length; index++) {
    added.push(named(globalExport(index), 3, index));
  }
  const output: number[][] = [[...bytes.subarray(0, 8)]];
  let written = false;
  const write = (count: number, before: Uint8Array): void => {
    const content = [...leb(count + added.length), ...before, ...added.flat()];
    output.push([exportSection, ...leb(content.length), ...content]);
    written = true;
  };
  const source = new ByteSource(bytes, 8);
  while (!source.done) {
    const start = source.offset;
    const id = source.byte();
    const size = source.u32();
    const end = source.offset + size;
    if (id === exportSection) {
      const count = source.u32();
      write(count, bytes.subarray(source.offset, end));
    } else {
      if (later.has(id) && !written) write(0, new Uint8Array(0));
      output.push([...bytes.subarray(start, end)]);
    }
    source.offset = end;
  }
  if (!written) write(0, new Uint8Array(0));
  return Uint8Array.from(output.flat());
}
