/**
 * A module as a tree that can be cut down: functions of nodes, everything that a node names is named by an id or a
 * place in a list. Indices, label depths and bytes exist only in the encoded form, see `program-encoder.ts`.
 */

import type { FunctionType, Limits } from "../../module.js";
import type { ValueType } from "../../value-type.js";

/** Label of the function's own body. Labels of blocks count from one. */
export const FUNCTION_LABEL = 0;

/**
 * One instruction with the code that comes before it. `children` push the operands, all of them or those that do not
 * lie on the stack already.
 */
export type Node = PlainNode | BlockNode | BranchNode | FunctionNode;

export interface PlainNode {
  readonly kind: "plain";
  readonly op: number;
  /** Encoded immediates: nothing in them refers to labels or functions. */
  readonly immediates: readonly number[];
  readonly children: readonly Node[];
  readonly results: readonly ValueType[];
}

export interface BlockNode {
  readonly kind: "block" | "loop" | "if";
  readonly label: number;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly children: readonly Node[];
  readonly body: readonly Node[];
  /** Of an `if`; `undefined` where it has none. */
  readonly otherwise: readonly Node[] | undefined;
}

/** br, br_if, br_table. */
export interface BranchNode {
  readonly kind: "branch";
  readonly op: number;
  /** The last one is the default of br_table. */
  readonly labels: readonly number[];
  readonly children: readonly Node[];
  readonly results: readonly ValueType[];
}

/** call and ref.func. */
export interface FunctionNode {
  readonly kind: "function";
  readonly op: number;
  /** Id of a function. */
  readonly callee: number;
  readonly children: readonly Node[];
  readonly results: readonly ValueType[];
}

export interface ProgramImport {
  readonly id: number;
  readonly name: string;
  readonly type: FunctionType;
}

export interface ProgramFunction {
  readonly id: number;
  readonly type: FunctionType;
  /** Without the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: readonly Node[];
}

export interface ProgramGlobal {
  readonly type: ValueType;
  readonly mutable: boolean;
  /** `undefined`: imported. Those come first. */
  readonly init: Node | undefined;
}

export interface ProgramTable extends Limits {
  readonly element: ValueType;
  readonly imported: boolean;
}

export interface ProgramElement {
  readonly mode: "active" | "passive" | "declarative";
  readonly table: number;
  readonly offset: Node | undefined;
  readonly type: ValueType;
  /** Ids; only without `expressions`. */
  readonly functions: readonly number[];
  readonly expressions: readonly Node[] | undefined;
}

export interface ProgramData {
  /** Active: where. */
  readonly offset: Node | undefined;
  readonly bytes: readonly number[];
}

export interface ProgramExport {
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global";
  /** Id of a function, place of the rest. */
  readonly item: number;
}

export interface Program {
  /** Types that code names by their place: of call_indirect. */
  readonly types: readonly FunctionType[];
  readonly imports: readonly ProgramImport[];
  readonly functions: readonly ProgramFunction[];
  readonly globals: readonly ProgramGlobal[];
  readonly memory: (Limits & { readonly imported: boolean }) | undefined;
  readonly tables: readonly ProgramTable[];
  readonly elements: readonly ProgramElement[];
  readonly data: readonly ProgramData[];
  readonly exports: readonly ProgramExport[];
  /** Id of a function. */
  readonly start: number | undefined;
}

/** Module of all imports of generated programs. */
export const PROGRAM_HOST = "wasm_engine";
