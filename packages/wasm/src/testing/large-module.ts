/** Valid modules of any size, each large in one way: for tests that work is linear and for measuring speed. */

import { Encoder } from "../encoder.js";

export interface LargeShape {
  readonly name: string;
  /** About `units` times the same, within the limits of profile `conformance`. */
  readonly make: (units: number) => Uint8Array;
}

type Section = readonly [id: number, content: Encoder];

function moduleOf(...sections: readonly Section[]): Uint8Array {
  return moduleFrom(sections);
}

function moduleFrom(sections: Iterable<Section>): Uint8Array {
  const output = new Encoder(1 << 16).op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  for (const [id, content] of sections) output.section(id, content);
  return output.finish();
}

/** A vector of `count` items. */
function vector(count: number, write: (content: Encoder, index: number) => void): Encoder {
  const content = new Encoder(1 << 16).u32(count);
  for (let index = 0; index < count; index++) write(content, index);
  return content;
}

const emptyType: Section = [1, new Encoder().op(1, 0x60, 0, 0)];

function functions(count: number): Section {
  return [3, vector(count, (content) => content.byte(0))];
}

/** Units of code, split into bodies that stay below the limit of one. */
function code(units: number, unitsPerBody: number, write: (body: Encoder, units: number) => void): Section[] {
  const bodies = Math.ceil(units / unitsPerBody);
  const section = vector(bodies, (content, index) => {
    const body = new Encoder(1 << 16).byte(0);
    write(body, Math.min(unitsPerBody, units - index * unitsPerBody));
    content.sized(body.byte(0x0b));
  });
  return [functions(bodies), [10, section]];
}

function repeated(...bytes: readonly number[]): (body: Encoder, units: number) => void {
  return (body, units) => {
    for (let unit = 0; unit < units; unit++) body.op(...bytes);
  };
}

/** Three constants added up. */
const sum = [0x41, 1, 0x41, 2, 0x6a, 0x41, 3, 0x6a];

const memory: Section = [5, new Encoder().op(1, 0, 1)];

export const LARGE_SHAPES: readonly LargeShape[] = [
  {
    name: "types",
    make: (units) => moduleOf([1, vector(units, (content) => content.op(0x60, 2, 0x7f, 0x7c, 1, 0x7e))]),
  },
  {
    name: "tiny functions",
    make: (units) =>
      moduleOf(emptyType, functions(units), [10, vector(units, (content) => content.op(2, 0, 0x0b))]),
  },
  {
    name: "exports",
    make: (units) =>
      moduleOf(
        [5, new Encoder().op(1, 0, 1)],
        [7, vector(units, (content, index) => content.ascii(`e${index}`).op(2, 0))],
      ),
  },
  {
    name: "imports",
    make: (units) =>
      moduleOf(emptyType, [
        2,
        vector(units, (content, index) => content.ascii("m").ascii(`i${index}`).op(0, 0)),
      ]),
  },
  {
    name: "globals",
    make: (units) => moduleOf([6, vector(units, (content) => content.op(0x7e, 1, 0x42, 0, 0x0b))]),
  },
  {
    name: "custom sections of garbage",
    make: (units) =>
      moduleFrom(
        Array.from({ length: units }, (): Section => [
          0,
          new Encoder().ascii("name").op(1, 0xff, 0xff, 0, 0x80),
        ]),
      ),
  },
  {
    name: "element segments",
    make: (units) =>
      moduleOf(
        emptyType,
        functions(1),
        [4, new Encoder().op(1, 0x70, 0, 9)],
        [9, vector(units, (content) => content.op(0, 0x41, 1, 0x0b, 2, 0, 0))],
        [10, new Encoder().op(1, 2, 0, 0x0b)],
      ),
  },
  {
    name: "blocks",
    make: (units) =>
      moduleOf(emptyType, ...code(units, 20_000, repeated(0x02, 0x40, 0x41, 0, 0x0d, 0, 0x0b))),
  },
  {
    name: "if, else and loops",
    make: (units) =>
      moduleOf(
        emptyType,
        ...code(
          units,
          10_000,
          repeated(...sum, 0x04, 0x40, 0x03, 0x40, ...sum, 0x0d, 0, 0x0b, 0x05, ...sum, 0x1a, 0x0b),
        ),
      ),
  },
  {
    name: "deep nesting",
    make: (units) =>
      moduleOf(
        emptyType,
        ...code(units, 500, (body, depth) => {
          repeated(0x02, 0x40)(body, depth);
          repeated(0x0b)(body, depth);
        }),
      ),
  },
  {
    name: "long br_table",
    make: (units) =>
      moduleOf(
        emptyType,
        ...code(units, 4_000, (body, labels) => {
          body.op(0x41, 0, 0x0e).u32(labels);
          repeated(0)(body, labels + 1);
        }),
      ),
  },
  {
    name: "memory and floats",
    make: (units) =>
      moduleOf(
        emptyType,
        ...code(
          units,
          10_000,
          repeated(0x41, 8, 0x41, 0, 0x2b, 3, 0, 0x41, 8, 0x2b, 3, 0, 0xa0, 0x39, 3, 0),
        ).toSpliced(1, 0, memory),
      ),
  },
  {
    name: "dead code",
    make: (units) =>
      moduleOf(emptyType, ...code(units, 10_000, repeated(0x02, 0x40, 0x00, 0x1a, 0x6a, 0x1a, 0x0b))),
  },
];
