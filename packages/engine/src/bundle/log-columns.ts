/**
 * The log by columns: what is computed is left out (frames, checksums, inputs digests), what differs from record to
 * record stands with its like. Restoring gives the segments byte for byte; whoever packs compares before relying on
 * it. The layout is section 4 of spec/bundle.md.
 */

import { assert } from "@wasm-engine/abi";
import {
  RecordKind,
  decodeInput,
  frameRecord,
  inputsDigest,
  logRecordBytesMax,
  readFrame,
  segmentHeaderBytes,
} from "@wasm-engine/core";
import type { Hasher, Input } from "@wasm-engine/core";
import { ColumnReader, ColumnWriter } from "./byte-column.js";
import type { Refuse } from "./byte-column.js";
import { logTemplatesMax } from "./limits.js";
import { readTemplate, splitRecord, writeHead } from "./record-template.js";
import type { Leaf, TemplateStep } from "./record-template.js";

/** Place of the inputs digest among the leaves of a commit that has one: tick, fuel, effects, inputs. */
const digestLeaf = 3;
const commitInputsItem = 3;
/** Payload of a record; its frame comes on top. */
const recordBytesMax = logRecordBytesMax - 64;

/** Recomputes the inputs digests of commits from the inputs before them. */
class InputsOfTicks {
  readonly #hasher: Hasher;
  readonly #waiting = new Map<number, Input[]>();
  #tick = -1;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  add(input: Input): void {
    const inputs = this.#waiting.get(input.tick);
    if (inputs === undefined) this.#waiting.set(input.tick, [input]);
    else inputs.push(input);
  }

  /** Digest of the commit that comes `ticks` after the last; undefined where its tick had no inputs. */
  commit(ticks: bigint): Uint8Array | undefined {
    this.#tick += Number(ticks);
    const inputs = this.#waiting.get(this.#tick) ?? [];
    this.#waiting.delete(this.#tick);
    return inputsDigest(this.#hasher, inputs);
  }
}

/** Values of one leaf over all records of a template. */
interface LeafColumns {
  readonly values: ColumnWriter;
  /** Lengths, where the leaf is a string. */
  readonly lengths: ColumnWriter | undefined;
  previous: bigint;
}

interface PackedTemplate {
  readonly number: number;
  readonly kind: number;
  readonly template: Uint8Array;
  readonly columns: LeafColumns[];
}

class LogPacker {
  readonly #inputs: InputsOfTicks;
  readonly #order = new ColumnWriter();
  readonly #rawLengths = new ColumnWriter();
  readonly #raw = new ColumnWriter();
  readonly #templates = new Map<string, PackedTemplate>();

  constructor(hasher: Hasher) {
    this.#inputs = new InputsOfTicks(hasher);
  }

  record(kind: number, payload: Uint8Array, refuse: Refuse): void {
    this.#order.byte(kind);
    if (kind !== RecordKind.INPUT && kind !== RecordKind.COMMIT) {
      this.#rawLengths.varint(payload.length);
      this.#raw.raw(payload);
      return;
    }
    const { template, leaves } = splitRecord(payload, refuse);
    const packed = this.#template(kind, template, leaves, refuse);
    this.#order.varint(packed.number);
    if (kind === RecordKind.INPUT) this.#inputs.add(decodeInput(payload));
    else this.#checkDigest(template, leaves, refuse);
    leaves.forEach((leaf, index) => {
      if (isDigest(kind, template, index)) return;
      const columns = packed.columns[index];
      assert(columns !== undefined, "a template has a column per leaf");
      appendLeaf(columns, leaf);
    });
  }

  /** What is left out must come out again. */
  #checkDigest(template: Uint8Array, leaves: readonly Leaf[], refuse: Refuse): void {
    const [ticks] = leaves;
    const computed = this.#inputs.commit(typeof ticks === "bigint" ? ticks : refuse("a commit without tick"));
    if (!hasInputsDigest(template)) return;
    const stored = leaves[digestLeaf];
    const isEqual =
      stored instanceof Uint8Array && Buffer.compare(stored, computed ?? new Uint8Array()) === 0;
    if (!isEqual) refuse("an inputs digest is not that of the inputs");
  }

  #template(kind: number, template: Uint8Array, leaves: readonly Leaf[], refuse: Refuse): PackedTemplate {
    const key = `${kind}${Buffer.from(template).toString("latin1")}`;
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    if (this.#templates.size >= logTemplatesMax) refuse("there are too many templates");
    const columns = leaves.map((leaf): LeafColumns => {
      const lengths = typeof leaf === "bigint" ? undefined : new ColumnWriter();
      return { values: new ColumnWriter(), lengths, previous: 0n };
    });
    const packed = { number: this.#templates.size, kind, template: template.slice(), columns };
    this.#templates.set(key, packed);
    return packed;
  }

  finish(out: ColumnWriter): void {
    out.column(this.#order);
    out.column(this.#rawLengths);
    out.column(this.#raw);
    out.varint(this.#templates.size);
    for (const { kind, template } of this.#templates.values()) {
      out.byte(kind);
      out.varint(template.length);
      out.raw(template);
    }
    for (const { kind, template, columns } of this.#templates.values()) {
      columns.forEach(({ values, lengths }, index) => {
        if (isDigest(kind, template, index)) return;
        if (lengths !== undefined) out.column(lengths);
        out.column(values);
      });
    }
  }
}

function appendLeaf(columns: LeafColumns, leaf: Leaf): void {
  if (typeof leaf === "bigint") {
    const difference = leaf - columns.previous;
    columns.values.varint(difference < 0n ? -difference * 2n - 1n : difference * 2n);
    columns.previous = leaf;
    return;
  }
  columns.lengths?.varint(leaf.length);
  columns.values.raw(leaf);
}

/** A commit is a list of five: the fourth is the inputs digest or null, behind three leaves of one byte each. */
function hasInputsDigest(template: Uint8Array): boolean {
  return template.length === 6 && template[1 + commitInputsItem] === 0x40;
}

function isDigest(kind: number, template: Uint8Array, leaf: number): boolean {
  return kind === RecordKind.COMMIT && leaf === digestLeaf && hasInputsDigest(template);
}

/** Segments by columns. `refuse` is called where a log has not the form that this needs; then it is stored as it is. */
export function packLog(segments: readonly Uint8Array[], hasher: Hasher, refuse: Refuse): Uint8Array {
  const out = new ColumnWriter();
  const packer = new LogPacker(hasher);
  out.varint(segments.length);
  let start = 0;
  for (const bytes of segments) {
    if (bytes.length < segmentHeaderBytes) refuse("a segment is shorter than its header");
    let records = 0;
    for (let offset = segmentHeaderBytes; offset < bytes.length; records += 1) {
      const frame = readFrame(bytes, offset, start + offset);
      if ("fault" in frame) return refuse(frame.fault);
      packer.record(frame.kind, frame.payload, refuse);
      offset = frame.end;
    }
    out.raw(bytes.subarray(0, segmentHeaderBytes));
    out.varint(records);
    start += bytes.length;
  }
  packer.finish(out);
  return out.bytes();
}

/** A leaf's columns while they are read. */
interface LeafSource {
  readonly step: Exclude<TemplateStep, { readonly kind: "verbatim" }>;
  readonly values: ColumnReader;
  readonly lengths: ColumnReader | undefined;
  previous: bigint;
}

interface TemplateSource {
  readonly kind: number;
  readonly parts: readonly (Uint8Array | LeafSource | "digest")[];
}

class LogUnpacker {
  readonly #inputs: InputsOfTicks;
  readonly #order: ColumnReader;
  readonly #rawLengths: ColumnReader;
  readonly #raw: ColumnReader;
  readonly #templates: readonly TemplateSource[];
  readonly #refuse: Refuse;

  constructor(source: ColumnReader, hasher: Hasher, refuse: Refuse) {
    this.#refuse = refuse;
    this.#inputs = new InputsOfTicks(hasher);
    this.#order = source.column();
    this.#rawLengths = source.column();
    this.#raw = source.column();
    const count = source.count(logTemplatesMax);
    const templates = Array.from({ length: count }, () => {
      const kind = source.byte();
      return { kind, template: source.raw(source.count(Number.MAX_SAFE_INTEGER)) };
    });
    this.#templates = templates.map(({ kind, template }) => {
      let leaf = -1;
      const parts = readTemplate(template, refuse).map((step) => {
        if (step.kind === "verbatim") return step.bytes;
        leaf += 1;
        if (isDigest(kind, template, leaf)) return "digest";
        const lengths = step.kind === "string" ? source.column() : undefined;
        return { step, lengths, values: source.column(), previous: 0n };
      });
      return { kind, parts };
    });
  }

  /** The next record as it stood at `position`. */
  record(position: number, bytesMax: number): Uint8Array {
    const kind = this.#order.byte();
    if (kind < RecordKind.GENESIS || kind > RecordKind.CLOSE) this.#refuse(`there is no record kind ${kind}`);
    const isSplit = kind === RecordKind.INPUT || kind === RecordKind.COMMIT;
    const payload = isSplit ? this.#fill(kind, bytesMax) : this.#raw.raw(this.#rawLengths.count(bytesMax));
    if (kind === RecordKind.INPUT) this.#inputs.add(decodeInput(payload));
    if (payload.length > bytesMax) this.#refuse("a record is longer than its segment");
    // A kind between the first and the last is one of them: checked above.
    return frameRecord(kind as RecordKind, payload, position);
  }

  /** Nothing is left over. */
  finish(): void {
    const leaves = this.#templates.flatMap(({ parts }) => parts.filter(isLeafSource));
    const columns = leaves.flatMap(({ values, lengths }) =>
      lengths === undefined ? [values] : [values, lengths],
    );
    for (const column of [this.#order, this.#rawLengths, this.#raw, ...columns]) {
      if (!column.done) this.#refuse("a column has bytes left over");
    }
  }

  #fill(kind: number, bytesMax: number): Uint8Array {
    const template = this.#templates[this.#order.count(logTemplatesMax)];
    if (template?.kind !== kind) return this.#refuse("a record has a template of another kind");
    const out = new ColumnWriter();
    let ticks: bigint | undefined;
    for (const part of template.parts) {
      if (part instanceof Uint8Array) {
        out.raw(part);
        continue;
      }
      if (part === "digest") {
        this.#writeDigest(out, ticks);
        ticks = undefined;
        continue;
      }
      const value = this.#leaf(out, part, bytesMax);
      ticks ??= value;
      if (out.length > bytesMax) this.#refuse("a record is longer than its segment");
    }
    if (kind === RecordKind.COMMIT && !template.parts.includes("digest")) this.#inputs.commit(ticks ?? 0n);
    return out.bytes();
  }

  #writeDigest(out: ColumnWriter, ticks: bigint | undefined): void {
    const digest = this.#inputs.commit(ticks ?? this.#refuse("a commit without tick"));
    if (digest === undefined) return this.#refuse("a commit has the digest of inputs that are not there");
    writeHead(out, 2, BigInt(digest.length));
    out.raw(digest);
  }

  #leaf(out: ColumnWriter, leaf: LeafSource, bytesMax: number): bigint | undefined {
    const { step, values, lengths } = leaf;
    if (lengths !== undefined) {
      const content = values.raw(lengths.count(bytesMax));
      writeHead(out, step.major, BigInt(content.length));
      out.raw(content);
      return undefined;
    }
    const folded = values.varint();
    const value = leaf.previous + ((folded & 1n) === 0n ? folded / 2n : -(folded + 1n) / 2n);
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) return this.#refuse("a number has more than 64 bits");
    leaf.previous = value;
    writeHead(out, step.major, value);
    return value;
  }
}

function isLeafSource(part: TemplateSource["parts"][number]): part is LeafSource {
  return typeof part === "object" && "step" in part;
}

/** The inverse of {@link packLog}. `sizes`: bytes of each segment, which nothing may exceed. */
export function unpackLog(
  columns: Uint8Array,
  options: { readonly sizes: readonly number[]; readonly hasher: Hasher; readonly refuse: Refuse },
): Uint8Array[] {
  const { sizes, hasher, refuse } = options;
  const source = new ColumnReader(columns, refuse);
  if (source.count(sizes.length) !== sizes.length)
    refuse("it holds another number of segments than it lists");
  const heads = sizes.map(() => {
    const header = source.raw(segmentHeaderBytes);
    return { header, records: source.count(Number.MAX_SAFE_INTEGER) };
  });
  const unpacker = new LogUnpacker(source, hasher, refuse);
  let start = 0;
  const segments = heads.map(({ header, records }, index) => {
    const bytes = new Uint8Array(sizes[index] ?? 0);
    if (bytes.length < segmentHeaderBytes) refuse("a segment is shorter than its header");
    bytes.set(header);
    let offset = segmentHeaderBytes;
    for (let record = 0; record < records; record += 1) {
      const framed = unpacker.record(start + offset, Math.min(bytes.length - offset, recordBytesMax));
      if (framed.length > bytes.length - offset) refuse("a segment is longer than it says");
      bytes.set(framed, offset);
      offset += framed.length;
    }
    if (offset !== bytes.length) refuse("a segment is shorter than it says");
    start += bytes.length;
    return bytes;
  });
  unpacker.finish();
  if (!source.done) refuse("it has bytes left over");
  return segments;
}
