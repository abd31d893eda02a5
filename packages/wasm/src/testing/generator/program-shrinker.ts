/**
 * Cuts a program down while it still fails: drops functions, exports, segments and statements, replaces expressions by
 * their operands or by constants, makes constants smaller. Greedy and deterministic: it ends when nothing helps. It
 * does not know types; whoever judges a candidate refuses the invalid ones.
 */

import { isReferenceType } from "../../value-type.js";
import type { ValueType } from "../../value-type.js";
import { constantOf } from "./interesting-constant.js";
import type { Node, Program, ProgramFunction } from "./program.js";

/** True for a program that is valid and still fails in the same way. */
export type StillFails = (program: Program) => boolean;

/** Candidates tried at most: each is a whole check. */
const attemptsMax = 4_000;

type ListName = "children" | "body" | "otherwise";
const listNames: readonly ListName[] = ["children", "body", "otherwise"];

function listOf(node: Node, name: ListName): readonly Node[] | undefined {
  if (name === "children") return node.children;
  return "body" in node ? node[name] : undefined;
}

/** Where a node lies: its place in the function's body, then list and place in each node on the way. */
type Path = readonly (readonly [ListName, number])[];

/** All places, outer before inner: what goes early takes much with it. */
function pathsOf(nodes: readonly Node[], list: ListName, prefix: Path): Path[] {
  return nodes.flatMap((node, place) => {
    const path: Path = [...prefix, [list, place]];
    return [path, ...listNames.flatMap((name) => pathsOf(listOf(node, name) ?? [], name, path))];
  });
}

function nodeAt(body: readonly Node[], path: Path): Node | undefined {
  let nodes: readonly Node[] | undefined = body;
  let found: Node | undefined;
  for (const [depth, [list, place]] of path.entries()) {
    if (depth > 0) nodes = found === undefined ? undefined : listOf(found, list);
    found = nodes?.[place];
  }
  return found;
}

/** The list with the node at `path` replaced by others. */
function replaced(nodes: readonly Node[], path: Path, by: readonly Node[]): readonly Node[] {
  const [[, place] = ["body", 0], next] = path;
  if (next === undefined) return [...nodes.slice(0, place), ...by, ...nodes.slice(place + 1)];
  return nodes.map((node, index) => {
    if (index !== place) return node;
    const inner = replaced(listOf(node, next[0]) ?? [], path.slice(1), by);
    return { ...node, [next[0]]: inner };
  });
}

function zeros(types: readonly ValueType[]): Node[] {
  return types.map((type) => constantOf(type, 0n));
}

function isConstant(node: Node): boolean {
  return node.kind === "plain" && node.children.length === 0 && node.results.length === 1;
}

function isZero(node: Node): boolean {
  return (
    node.kind === "plain" && node.op >= 0x41 && node.op <= 0x44 && node.immediates.every((byte) => byte === 0)
  );
}

/** A change that changes nothing would be made for ever. */
function same(left: readonly Node[], right: readonly Node[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** What could stand in the place of a node, the smallest first. */
function* replacements(node: Node): Generator<readonly Node[]> {
  const [type] = node.results;
  if (type === undefined) yield [];
  else if (!isZero(node)) yield zeros(node.results);
  if (type === undefined || !isConstant(node)) {
    for (const child of node.children) {
      if (child.results.join() === node.results.join()) yield [child];
    }
    if ("body" in node) {
      yield [...node.children, ...node.body];
      yield node.body;
      if (node.otherwise !== undefined) yield node.otherwise;
      if (node.otherwise !== undefined) yield [{ ...node, otherwise: undefined }];
    }
    if (node.children.length > 0) yield node.children;
  }
  if (
    node.kind === "plain" &&
    type !== undefined &&
    !isReferenceType(type) &&
    node.op >= 0x41 &&
    node.op <= 0x44
  ) {
    if (!isZero(node)) yield [constantOf(type, 1n)];
  }
  if (node.kind === "plain" && node.immediates.some((byte) => byte !== 0) && node.immediates.length > 1) {
    yield [{ ...node, immediates: node.immediates.map(() => 0) }];
  }
  if (node.kind === "branch" && node.labels.length > 2) yield [{ ...node, labels: node.labels.slice(-2) }];
  if (node.kind === "branch" && node.labels.length > 1) yield [{ ...node, labels: node.labels.slice(-1) }];
}

/** Programs that lack one declaration. */
function* smallerPrograms(program: Program): Generator<Program> {
  const { functions, exports, elements, data, globals, tables, imports, types } = program;
  const without = <T>(list: readonly T[], index: number): readonly T[] =>
    list.filter((_, at) => at !== index);
  if (program.start !== undefined) yield { ...program, start: undefined };
  for (const index of exports.keys()) {
    const rest = without(exports, index);
    const dropped = exports[index];
    const unused = functions.filter(({ id }) => dropped?.kind !== "function" || id !== dropped.item);
    yield { ...program, exports: rest, functions: unused };
    yield { ...program, exports: rest };
  }
  for (const index of functions.keys()) yield { ...program, functions: without(functions, index) };
  for (const [index, item] of functions.entries()) {
    const bare = { ...item, locals: [], body: zeros(item.type.results) };
    if (!same(bare.body, item.body)) yield withFunction(program, index, bare);
  }
  for (const index of elements.keys()) yield { ...program, elements: without(elements, index) };
  for (const [index, element] of elements.entries()) {
    const shorter = element.functions.slice(0, -1);
    const changed = elements.map((old, at) => (at === index ? { ...old, functions: shorter } : old));
    if (element.functions.length > 0) yield { ...program, elements: changed };
  }
  for (const index of data.keys()) yield { ...program, data: without(data, index) };
  for (const index of imports.keys()) yield { ...program, imports: without(imports, index) };
  if (globals.length > 0) yield { ...program, globals: globals.slice(0, -1) };
  if (tables.length > 0) yield { ...program, tables: tables.slice(0, -1) };
  if (types.length > 0) yield { ...program, types: types.slice(0, -1) };
  if (program.memory !== undefined) yield { ...program, memory: undefined };
}

function withFunction(program: Program, index: number, item: ProgramFunction): Program {
  return { ...program, functions: program.functions.map((old, at) => (at === index ? item : old)) };
}

class Shrinker {
  readonly #stillFails: StillFails;
  program: Program;
  attempts = 0;

  constructor(program: Program, stillFails: StillFails) {
    this.program = program;
    this.#stillFails = stillFails;
  }

  #try(candidate: Program): boolean {
    if (this.attempts >= attemptsMax) return false;
    this.attempts += 1;
    if (!this.#stillFails(candidate)) return false;
    this.program = candidate;
    return true;
  }

  /** One round over everything; true where something went. */
  round(): boolean {
    let smaller = false;
    for (let again = true; again;) {
      again = false;
      for (const candidate of smallerPrograms(this.program)) {
        if (!this.#try(candidate)) continue;
        again = true;
        smaller = true;
        break;
      }
    }
    for (let index = 0; index < this.program.functions.length; index++) {
      if (this.#function(index)) smaller = true;
    }
    return smaller;
  }

  #function(index: number): boolean {
    let smaller = false;
    const lastLocal = (): boolean => {
      const item = this.program.functions[index];
      if (item === undefined || item.locals.length === 0) return false;
      return this.#try(withFunction(this.program, index, { ...item, locals: item.locals.slice(0, -1) }));
    };
    while (lastLocal()) smaller = true;
    for (let position = 0; ;) {
      const item = this.program.functions[index];
      const path = item === undefined ? undefined : pathsOf(item.body, "body", [])[position];
      if (item === undefined || path === undefined) return smaller;
      if (this.#node(index, item, path)) smaller = true;
      else position += 1;
    }
  }

  /** Tries to replace one node; the same place is looked at again where that worked. */
  #node(index: number, item: ProgramFunction, path: Path): boolean {
    const node = nodeAt(item.body, path);
    if (node === undefined) return false;
    for (const replacement of replacements(node)) {
      if (same(replacement, [node])) continue;
      const body = replaced(item.body, path, replacement);
      if (this.#try(withFunction(this.program, index, { ...item, body }))) return true;
    }
    return false;
  }
}

/** The smallest program found that still fails. */
export function shrinkProgram(program: Program, stillFails: StillFails): Program {
  const shrinker = new Shrinker(program, stillFails);
  while (shrinker.round());
  return shrinker.program;
}
