/**
 * Makes an agent module of a JavaScript source: the QuickJS base is instantiated once, evaluates the source, and its
 * memory becomes the data of the new module. The same source gives the same bytes everywhere, because during loading
 * the clock stands, randomness is a fixed sequence, and no host function but `log` is called.
 */

import { HOST_FUNCTIONS, HOST_MODULE } from "@wasm-engine/abi";
import type { CapabilityName, EngineError, HostFunction } from "@wasm-engine/abi";
import { javaScriptError } from "./errors.js";
import {
  SectionId,
  SectionReader,
  concatenate,
  name,
  readSections,
  signed,
  unsigned,
  writeSections,
} from "./module-sections.js";
import type { Section } from "./module-sections.js";

/** Bits of `load`'s result, as sdk/javascript/guest/glue.c numbers them. */
const capabilityBits: readonly (readonly [CapabilityName, number])[] = [
  ["topics", 1],
  ["models", 2],
  ["tools", 4],
  ["spawn", 8],
];

/**
 * What an undeclared capability's import becomes: a function of the same type that needs none. The glue never calls
 * it, but the module does not ask for the capability.
 */
const standIns: Readonly<Record<string, string>> = {
  publish: "cancel",
  join: "schedule",
  leave: "schedule",
  infer: "schedule",
  call_tool: "schedule",
  spawn: "lookup",
};

/** Dead once `load` has returned: the stacks of the glue and of QuickJS. Statics of the glue lie between them. */
const deadRanges: readonly (readonly [number, number])[] = [
  [0, 0x8000],
  [0x2_0000, 0x10_0000],
];

/** A run of zeros of this length ends a data segment. */
const gapBytes = 64;
const pageBytes = 65_536;

interface BaseExports {
  readonly memory: WebAssembly.Memory;
  readonly load_alloc: (bytes: number) => number;
  readonly load_compile_prelude: () => number;
  readonly load_compile: (source: number, sourceBytes: number, name: number) => number;
  readonly load_compiled_bytes: () => number;
  readonly load: (prelude: number, preludeBytes: number, agent: number, agentBytes: number) => number;
}

/** What an agent says of itself besides its capabilities, which its imports tell. */
export interface AgentDeclaration {
  /** JSON Schema by topic. */
  readonly messages?: Readonly<Record<string, object | boolean>>;
}

export interface InitialisedAgent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly declaration: AgentDeclaration;
}

/** What the base says while it loads. */
interface Said {
  readonly lines: string[];
  declaration: AgentDeclaration;
}

/** Level of the one line that is no console line but the declaration, as guest/prelude.js numbers it. */
const declarationLevel = 100;

/** Loads `source` into the base; `moduleName` names it in stack traces. @throws {WE_JAVASCRIPT_LOAD} */
export function preInitialise(base: Uint8Array, source: string, moduleName: string): InitialisedAgent {
  const said: Said = { lines: [], declaration: {} };
  const program = moduleOf(base);
  const failed = (): EngineError =>
    javaScriptError("WE_JAVASCRIPT_LOAD", { name: moduleName, cause: said.lines.join("\n") });
  // What compiles is another instance than what loads: the agent's memory holds no text and nothing of the parser.
  const compiler = instantiate(program, said);
  const prelude = codeAt(compiler, compiler.load_compile_prelude());
  const text = new TextEncoder().encode(source);
  const names = new TextEncoder().encode(moduleName);
  const agent = codeAt(
    compiler,
    compiler.load_compile(place(compiler, text), text.length, place(compiler, names)),
  );
  if (prelude === undefined || agent === undefined) throw failed();
  const exports = instantiate(program, said);
  const [first, second] = [place(exports, prelude), place(exports, agent)];
  const declared = loaded(exports, [first, prelude.length, second, agent.length], said.lines);
  if (declared < 0) throw failed();
  return { bytes: finished(base, imageOf(exports.memory), declared), declaration: said.declaration };
}

function moduleOf(base: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(base as Uint8Array<ArrayBuffer>); // never shared memory
  } catch (error) {
    throw javaScriptError("WE_JAVASCRIPT_BASE", { cause: String(error) });
  }
}

function instantiate(module: WebAssembly.Module, said: Said): BaseExports {
  try {
    const host: Record<string, () => number> = {};
    for (const { name: imported } of WebAssembly.Module.imports(module)) host[imported] = () => -1;
    const log = (level: number, pointer: number, bytes: number): number => {
      const text = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, pointer, bytes));
      if (level === declarationLevel)
        said.declaration = JSON.parse(text) as AgentDeclaration; // by the prelude
      else said.lines.push(text);
      return 0;
    };
    const instance = new WebAssembly.Instance(module, { [HOST_MODULE]: { ...host, log } });
    const exports = instance.exports as unknown as BaseExports; // checked by the test of the committed base
    return exports;
  } catch (error) {
    throw javaScriptError("WE_JAVASCRIPT_BASE", { cause: String(error) });
  }
}

/** A copy of the bytecode at `pointer`; undefined where compiling failed. */
function codeAt(exports: BaseExports, pointer: number): Uint8Array | undefined {
  if (pointer === 0) return undefined;
  return new Uint8Array(exports.memory.buffer, pointer, exports.load_compiled_bytes()).slice();
}

function loaded(exports: BaseExports, parameters: Parameters<BaseExports["load"]>, lines: string[]): number {
  try {
    return exports.load(...parameters);
  } catch (error) {
    lines.push(String(error));
    return -1;
  }
}

/** Copies bytes and a terminator into the guest. */
function place(exports: BaseExports, bytes: Uint8Array): number {
  const pointer = exports.load_alloc(bytes.length);
  const memory = new Uint8Array(exports.memory.buffer);
  memory.set(bytes, pointer);
  memory[pointer + bytes.length] = 0;
  return pointer;
}

function imageOf(memory: WebAssembly.Memory): Uint8Array {
  const image = new Uint8Array(memory.buffer).slice();
  for (const [start, end] of deadRanges) image.fill(0, start, end);
  return image;
}

/** The base with another memory, without the exports and the start function that loading needed. */
function finished(base: Uint8Array, image: Uint8Array, declared: number): Uint8Array<ArrayBuffer> {
  const segments = segmentsOf(image);
  const sections: Section[] = [];
  for (const { id, body } of readSections(base)) {
    if (id === SectionId.start || id === SectionId.custom) continue;
    else if (id === SectionId.import) sections.push({ id, body: withoutUndeclared(body, declared) });
    else if (id === SectionId.memory)
      sections.push({ id, body: Uint8Array.of(1, 0, ...unsigned(image.length / pageBytes)) });
    else if (id === SectionId.export) sections.push({ id, body: withoutLoading(body) });
    else if (id === SectionId.dataCount) sections.push({ id, body: unsigned(segments.length) });
    else if (id === SectionId.data) sections.push({ id, body: dataSection(image, segments) });
    else sections.push({ id, body });
  }
  return writeSections(sections);
}

/** Functions only: the base imports nothing else. */
function withoutUndeclared(body: Uint8Array, declared: number): Uint8Array {
  const reader = new SectionReader(body);
  const count = reader.unsigned();
  const parts: Uint8Array[] = [unsigned(count)];
  for (let index = 0; index < count; index++) {
    const from = reader.name();
    const imported = reader.name();
    const kind = reader.byte();
    const type = reader.unsigned();
    const functions: Readonly<Record<string, HostFunction>> = HOST_FUNCTIONS;
    const capability = functions[imported]?.capability;
    const bit = capabilityBits.find(([known]) => known === capability)?.[1] ?? 0;
    const kept = (declared & bit) === bit ? imported : (standIns[imported] ?? imported);
    parts.push(name(from), name(kept), Uint8Array.of(kind), unsigned(type));
  }
  return concatenate(parts);
}

function withoutLoading(body: Uint8Array): Uint8Array {
  const reader = new SectionReader(body);
  const count = reader.unsigned();
  const kept: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const exported = reader.name();
    const entry = concatenate([name(exported), Uint8Array.of(reader.byte()), unsigned(reader.unsigned())]);
    if (!exported.startsWith("load")) kept.push(entry);
  }
  return concatenate([unsigned(kept.length), ...kept]);
}

/** [start, end) of everything that is not zero, short gaps included. */
function segmentsOf(image: Uint8Array): readonly (readonly [number, number])[] {
  const segments: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let at = 0; at < image.length; at++) {
    if (image[at] === 0) continue;
    if (last !== undefined && at - last[1] < gapBytes) last[1] = at + 1;
    else {
      last = [at, at + 1];
      segments.push(last);
    }
  }
  return segments;
}

function dataSection(image: Uint8Array, segments: readonly (readonly [number, number])[]): Uint8Array {
  const parts: Uint8Array[] = [unsigned(segments.length)];
  for (const [start, end] of segments) {
    parts.push(
      Uint8Array.of(0, 0x41),
      signed(start),
      Uint8Array.of(0x0b),
      unsigned(end - start),
      image.subarray(start, end),
    );
  }
  return concatenate(parts);
}
