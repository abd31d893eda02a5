/** Program to bytes. Whoever refers to what is gone gets an error: the shrinker takes that as a refusal. */

import { Encoder } from "../../encoder.js";
import { ExternalKind } from "../../module.js";
import type { FunctionType, Limits } from "../../module.js";
import { OpByte } from "../../op-byte.js";
import { FC, FD } from "../../opcodes.js";
import { FUNCTION_LABEL, PROGRAM_HOST } from "./program.js";
import type { BlockNode, BranchNode, Node, Program, ProgramElement, ProgramFunction } from "./program.js";

const blockOps = { block: OpByte.BLOCK, loop: OpByte.LOOP, if: OpByte.IF } as const;

function sameType(left: FunctionType, right: FunctionType): boolean {
  return left.parameters.join() === right.parameters.join() && left.results.join() === right.results.join();
}

/** Code of an op after its prefix. */
export function writeOp(code: Encoder, op: number): void {
  if (op < FC) code.byte(op);
  else if (op < FD) code.byte(OpByte.PREFIX_FC).u32(op - FC);
  else code.byte(OpByte.PREFIX_FD).u32(op - FD);
}

class ProgramEncoder {
  readonly #program: Program;
  readonly #types: FunctionType[];
  readonly #functions = new Map<number, number>();

  constructor(program: Program) {
    this.#program = program;
    this.#types = [...program.types];
    for (const { id } of [...program.imports, ...program.functions]) {
      this.#functions.set(id, this.#functions.size);
    }
  }

  encode(): Uint8Array {
    const { memory, start, data } = this.#program;
    // Bodies and imports come first: they add types.
    const imports = this.#imports();
    const declarations = new Encoder().u32(this.#program.functions.length);
    for (const { type } of this.#program.functions) declarations.u32(this.#type(type));
    const code = new Encoder(1024).u32(this.#program.functions.length);
    for (const item of this.#program.functions) code.sized(this.#body(item));
    const output = new Encoder(4096).op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    output.section(1, this.#typeSection());
    if (imports !== undefined) output.section(2, imports);
    output.section(3, declarations);
    const tables = this.#program.tables.filter(({ imported }) => !imported);
    if (tables.length > 0) {
      const content = new Encoder().u32(tables.length);
      for (const table of tables) limitsTo(content.byte(table.element), table);
      output.section(4, content);
    }
    if (memory?.imported === false) output.section(5, limitsTo(new Encoder().u32(1), memory));
    output.section(6, this.#globals());
    output.section(7, this.#exports());
    if (start !== undefined) output.section(8, new Encoder().u32(this.#function(start)));
    output.section(9, this.#elements());
    if (data.length > 0) output.section(12, new Encoder().u32(data.length));
    output.section(10, code);
    if (data.length > 0) output.section(11, this.#data());
    return output.finish();
  }

  #function(id: number): number {
    const index = this.#functions.get(id);
    if (index === undefined) throw new Error(`function ${id} is gone`);
    return index;
  }

  #type(type: FunctionType): number {
    const found = this.#types.findIndex((candidate) => sameType(candidate, type));
    return found >= 0 ? found : this.#types.push(type) - 1;
  }

  #typeSection(): Encoder {
    const content = new Encoder().u32(this.#types.length);
    for (const { parameters, results } of this.#types) {
      content.byte(0x60).u32(parameters.length);
      content
        .op(...parameters)
        .u32(results.length)
        .op(...results);
    }
    return content;
  }

  #imports(): Encoder | undefined {
    const { imports, globals, tables, memory } = this.#program;
    const content = new Encoder();
    let count = 0;
    const item = (name: string, kind: ExternalKind): Encoder => {
      count += 1;
      return content.ascii(PROGRAM_HOST).ascii(name).byte(kind);
    };
    for (const { name, type } of imports) item(name, ExternalKind.FUNCTION).u32(this.#type(type));
    for (const [index, table] of tables.entries()) {
      if (table.imported) limitsTo(item(`table${index}`, ExternalKind.TABLE).byte(table.element), table);
    }
    if (memory?.imported === true) limitsTo(item("memory", ExternalKind.MEMORY), memory);
    for (const [index, { type, mutable, init }] of globals.entries()) {
      if (init === undefined) item(`global${index}`, ExternalKind.GLOBAL).op(type, mutable ? 1 : 0);
    }
    return count === 0 ? undefined : new Encoder().u32(count).append(content);
  }

  #globals(): Encoder {
    const defined = this.#program.globals.filter(({ init }) => init !== undefined);
    const content = new Encoder().u32(defined.length);
    for (const { type, mutable, init } of defined) {
      content.op(type, mutable ? 1 : 0);
      if (init !== undefined) this.#expression(content, init);
    }
    return content;
  }

  #exports(): Encoder {
    const kinds = { function: 0, table: 1, memory: 2, global: 3 } as const;
    const content = new Encoder().u32(this.#program.exports.length);
    for (const { name, kind, item } of this.#program.exports) {
      content
        .ascii(name)
        .byte(kinds[kind])
        .u32(kind === "function" ? this.#function(item) : item);
    }
    return content;
  }

  #elements(): Encoder {
    const content = new Encoder().u32(this.#program.elements.length);
    for (const element of this.#program.elements) this.#element(content, element);
    return content;
  }

  /** Every form of the format: with and without table index, function indices or expressions. */
  #element(content: Encoder, element: ProgramElement): void {
    const { mode, table, offset, type, functions, expressions } = element;
    const plain = mode === "active" && table === 0 && type === 0x70;
    const placement = { active: plain ? 0 : 2, passive: 1, declarative: 3 }[mode];
    content.u32(placement + (expressions === undefined ? 0 : 4));
    if (mode === "active" && !plain) content.u32(table);
    if (offset !== undefined) this.#expression(content, offset);
    if (!plain) content.byte(expressions === undefined ? 0 : type);
    content.u32((expressions ?? functions).length);
    if (expressions === undefined) for (const id of functions) content.u32(this.#function(id));
    else for (const expression of expressions) this.#expression(content, expression);
  }

  #data(): Encoder {
    const content = new Encoder().u32(this.#program.data.length);
    for (const { offset, bytes } of this.#program.data) {
      content.byte(offset === undefined ? 1 : 0);
      if (offset !== undefined) this.#expression(content, offset);
      content.u32(bytes.length).bytes(Uint8Array.from(bytes));
    }
    return content;
  }

  #expression(content: Encoder, node: Node): void {
    this.#node(content, node, []);
    content.byte(OpByte.END);
  }

  #body({ locals, body }: ProgramFunction): Encoder {
    const groups: { type: number; count: number }[] = [];
    for (const type of locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count += 1;
      else groups.push({ type, count: 1 });
    }
    const content = new Encoder(512).u32(groups.length);
    for (const { type, count } of groups) content.u32(count).byte(type);
    this.#nodes(content, body, [FUNCTION_LABEL]);
    return content.byte(OpByte.END);
  }

  #nodes(code: Encoder, nodes: readonly Node[], labels: readonly number[]): void {
    for (const node of nodes) this.#node(code, node, labels);
  }

  /** @param labels of the open blocks, the innermost last */
  #node(code: Encoder, node: Node, labels: readonly number[]): void {
    this.#nodes(code, node.children, labels);
    switch (node.kind) {
      case "plain":
        writeOp(code, node.op);
        code.op(...node.immediates);
        return;
      case "function":
        code.byte(node.op).u32(this.#function(node.callee));
        return;
      case "branch":
        this.#branch(code, node, labels);
        return;
      default:
        this.#block(code, node, [...labels, node.label]);
    }
  }

  #branch(code: Encoder, { op, labels: targets }: BranchNode, labels: readonly number[]): void {
    code.byte(op);
    if (op === OpByte.BR_TABLE) code.u32(targets.length - 1);
    for (const target of targets) {
      const place = labels.indexOf(target);
      if (place < 0) throw new Error(`label ${target} is not open`);
      code.u32(labels.length - 1 - place);
    }
  }

  #block(code: Encoder, node: BlockNode, labels: readonly number[]): void {
    const { parameters, results, body, otherwise } = node;
    code.byte(blockOps[node.kind]);
    const [only] = results;
    if (parameters.length === 0 && only === undefined) code.byte(OpByte.VOID);
    else if (parameters.length === 0 && results.length === 1 && only !== undefined) code.byte(only);
    else code.s32(this.#type({ parameters, results }));
    this.#nodes(code, body, labels);
    if (otherwise !== undefined) this.#nodes(code.byte(OpByte.ELSE), otherwise, labels);
    code.byte(OpByte.END);
  }
}

function limitsTo(content: Encoder, { minimum, maximum }: Limits): Encoder {
  if (maximum === undefined) return content.byte(0).u32(minimum);
  return content.byte(1).u32(minimum).u32(maximum);
}

/** The module's bytes. Not necessarily a valid module: that is what the tree says. */
export function encodeProgram(program: Program): Uint8Array {
  return new ProgramEncoder(program).encode();
}
