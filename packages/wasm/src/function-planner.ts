/**
 * Walks a function once and finds its flow of control and the prices along it, liveness, the producers whose NaN must
 * be made canonical, and the price of its stack frame. Time and space are linear in the function's bytes.
 */

import { assert } from "@wasm-engine/abi";
import { frameBytes } from "./added-parameters.js";
import { ChargePlacement } from "./charge-placement.js";
import { emptyType, shortType } from "./control-frame.js";
import type { ControlFrame as Frame, FrameKind } from "./control-frame.js";
import { LINEAR_COSTS, OP_COSTS, branchTableCost, callCost, entryCost } from "./cost-table.js";
import { FlowGraph } from "./flow-graph.js";
import { FlowRecorder } from "./flow-recorder.js";
import { declaredWords, localTypes } from "./function-locals.js";
import { Mark, canonicalMark } from "./function-plan.js";
import type { FunctionPlan } from "./function-plan.js";
import { InstructionReader } from "./instruction-reader.js";
import { LocalWebs } from "./local-web.js";
import type { FunctionBody, FunctionType, WasmModule } from "./module.js";
import { NAN_SINKS, NO_SHAPE } from "./nan.js";
import { NanFlow, choiceOf, loopWeight, resultOf } from "./nan-flow.js";
import { OpByte } from "./op-byte.js";
import type { Opcode } from "./opcodes.js";
import { OperandStack, SETTLED, ordinalOf, shapeOf } from "./operand-stack.js";
import { openBodies, prepaidFuelMax } from "./prepaid.js";
import { moveReference } from "./reference-move.js";
import { StoreGroups } from "./store-group.js";
import { valueWords } from "./value-type.js";

export class FunctionPlanner {
  readonly #module: WasmModule;
  readonly #reader: InstructionReader;
  readonly #stack = new OperandStack();
  readonly #flow: FlowRecorder;
  readonly #placement: ChargePlacement;
  readonly #nans = new NanFlow();
  readonly #webs = new LocalWebs();
  readonly #marks: Uint16Array;
  readonly #stores: StoreGroups;
  readonly #frames: Frame[] = [];
  /** Data segments that reachable code drops. */
  readonly droppedSegments = new Set<number>();
  #locals: Uint8Array = new Uint8Array(0);
  #ordinal = 0;
  #reachable = true;
  #calls = false;
  #prepaid: readonly number[] = [];
  readonly #openBodies: Uint8Array;
  #loops = false;
  /** Ordinal of the last instruction at which others look at the counter. */
  #lastWatched = -1;
  #branchesOut = false;
  #loopDepth = 0;

  constructor(module: WasmModule) {
    this.#module = module;
    this.#openBodies = openBodies(module);
    this.#reader = new InstructionReader(module.bytes);
    const longest = module.code.reduce((most, body) => Math.max(most, body.end - body.codeStart), 0);
    const graph = new FlowGraph(longest);
    this.#flow = new FlowRecorder(graph);
    this.#placement = new ChargePlacement(graph);
    this.#marks = new Uint16Array(longest);
    this.#stores = new StoreGroups(this.#marks);
  }

  /** Plans of all functions. Those that only direct calls can reach are paid in part by their callers. */
  planAll(): FunctionPlan[] {
    const { code } = this.#module;
    const prepaid = code.map((body, index) => {
      if (this.#openBodies[index] === 1) return 0;
      this.#walk(index, body);
      const least = this.#placement.leastFuel();
      return least <= prepaidFuelMax ? least : 0;
    });
    this.#prepaid = prepaid;
    return code.map((body, index) => {
      if (this.#walk(index, body)) {
        this.#nans.resolve();
        this.#begin(body, this.#typeOfBody(index));
        this.#readCode(body);
      }
      return this.#finish(index, body);
    });
  }

  /** True: this was a survey of locals, without marks. */
  #walk(bodyIndex: number, body: FunctionBody): boolean {
    const type = this.#typeOfBody(bodyIndex);
    this.#begin(body, type);
    const webs = this.#webs.find(this.#reader, body, this.#locals);
    const survey = this.#nans.begin(webs, type.parameters.length);
    this.#readCode(body);
    return survey;
  }

  #typeOfBody(bodyIndex: number): FunctionType {
    return this.#typeOfFunction(this.#module.importedFunctions + bodyIndex);
  }

  #readCode(body: FunctionBody): void {
    const reader = this.#reader;
    reader.seek(body.codeStart, body.end);
    while (!reader.done) {
      reader.next();
      this.#instruction();
      this.#ordinal += 1;
    }
    assert(this.#frames.length === 0, "constructs are closed");
  }

  #begin(body: FunctionBody, type: FunctionType): void {
    this.#marks.fill(0, 0, this.#ordinal);
    this.#stack.reset();
    this.#locals = localTypes(body, type);
    this.#ordinal = 0;
    this.#reachable = true;
    this.#calls = false;
    this.#loops = false;
    this.#lastWatched = -1;
    this.#branchesOut = false;
    this.#loopDepth = 0;
    this.#flow.reset(entryCost(declaredWords(body)));
    this.#open("function", { parameters: [], results: type.results });
  }

  #finish(bodyIndex: number, body: FunctionBody): FunctionPlan {
    const prepaid = this.#prepaid[bodyIndex] ?? 0;
    const charges = this.#placement.place({ instructions: this.#ordinal, calls: this.#calls, prepaid });
    let localsWords = 0;
    for (const type of this.#locals) localsWords += valueWords(type);
    const words = localsWords + this.#stack.wordsMax;
    return {
      body: bodyIndex,
      marks: this.#marks.slice(0, this.#ordinal),
      charges,
      calls: this.#calls,
      inner: this.#openBodies[bodyIndex] === 0,
      usesFuel: charges.count > 0 || charges.testedAtEntry || this.#loops || this.#lastWatched >= 0,
      loops: this.#loops,
      branchesOut: this.#branchesOut,
      frameBytes: frameBytes(words, body.end - body.contentStart),
    };
  }

  #instruction(): void {
    const { op } = this.#reader;
    if (!this.#reachable) {
      this.#dead(op);
      return;
    }
    this.#mark(this.#ordinal, Mark.LIVE | Mark.KEPT);
    this.#stores.meet(op, this.#ordinal, this.#stack);
    // A loop is paid by its iterations.
    if (op !== OpByte.LOOP) this.#flow.add(OP_COSTS[op] ?? 0);
    if (!this.#control(op) && !this.#variable(op)) this.#ordinary(this.#reader.opcode);
  }

  /** Dead code costs nothing and is dropped; only nesting is followed. */
  #dead(op: number): void {
    if (op === OpByte.BLOCK || op === OpByte.LOOP || op === OpByte.IF) {
      this.#open("block", emptyType);
    } else if (op === OpByte.ELSE) {
      const frame = this.#top();
      if (!frame.live) return;
      this.#mark(this.#ordinal, Mark.KEPT);
      this.#else(frame);
    } else if (op === OpByte.END) {
      this.#end();
    }
  }

  /** Control instructions. False: it is none. */
  #control(op: number): boolean {
    switch (op) {
      case OpByte.BLOCK:
        this.#open("block", this.#blockType());
        this.#flow.block();
        return true;
      case OpByte.LOOP:
        this.#loop();
        return true;
      case OpByte.IF: {
        this.#stack.pop();
        const type = this.#blockType();
        this.#open("if", type);
        this.#settleTop(type.parameters.length);
        this.#flow.if(this.#ordinal, type.parameters.length + type.results.length === 0);
        return true;
      }
      case OpByte.ELSE: {
        const frame = this.#top();
        frame.thenFallsOut = true;
        this.#settleTop(frame.type.results.length);
        this.#else(frame);
        return true;
      }
      case OpByte.END:
        this.#end();
        return true;
      case OpByte.BR:
        this.#branch(this.#reader.index, true);
        this.#flow.branch(this.#reader.index, this.#ordinal);
        this.#reachable = false;
        return true;
      case OpByte.BR_IF:
        this.#stack.pop();
        this.#flow.branchIf(this.#reader.index, this.#ordinal, this.#branch(this.#reader.index, false) > 0);
        return true;
      case OpByte.BR_TABLE:
        this.#branchTable();
        return true;
      case OpByte.RETURN:
        this.#settleTop(this.#frames[0]?.type.results.length ?? 0);
        this.#flow.leave(this.#ordinal);
        this.#reachable = false;
        return true;
      case OpByte.UNREACHABLE:
        this.#reachable = false;
        return true;
      case OpByte.NOP:
        return true;
      case OpByte.CALL:
        this.#call("call", this.#typeOfFunction(this.#reader.index));
        this.#flow.carry(this.#prepaid[this.#reader.index - this.#module.importedFunctions] ?? 0);
        return true;
      case OpByte.CALL_INDIRECT:
        this.#stack.pop();
        this.#call("call-indirect", this.#typeAt(this.#reader.index));
        return true;
      default:
        return false;
    }
  }

  /** Instructions whose types depend on immediates or operands. False: it is none. */
  #variable(op: number): boolean {
    const stack = this.#stack;
    const { index } = this.#reader;
    switch (op) {
      case OpByte.DROP:
        stack.pop();
        return true;
      case OpByte.SELECT:
      case OpByte.SELECT_TYPED:
        stack.pop();
        this.#select();
        return true;
      case OpByte.LOCAL_GET:
        stack.push(this.#locals[index] ?? 0, this.#nans.read(this.#web, this.#ordinal));
        return true;
      case OpByte.LOCAL_TEE:
        if (!this.#nans.write(this.#web, stack.producerAt(0), this.#weight)) this.#settleTop(1);
        return true;
      case OpByte.LOCAL_SET: {
        const value = stack.pop();
        if (!this.#nans.write(this.#web, value, this.#weight)) this.#settle(value, NO_SHAPE);
        return true;
      }
      case OpByte.GLOBAL_SET:
        this.#consume(NO_SHAPE);
        return true;
      case OpByte.GLOBAL_GET:
        stack.push(this.#module.globals[index]?.type ?? 0);
        return true;
      default:
        if (!moveReference(stack, { op, index, tables: this.#module.tables })) return false;
        if (LINEAR_COSTS[op] !== undefined) this.#watch();
        return true;
    }
  }

  #ordinary(opcode: Opcode): void {
    const { op, operands, results } = opcode;
    assert(operands !== undefined && results !== undefined, `${opcode.name} has fixed types`);
    if (LINEAR_COSTS[op] !== undefined) this.#watch();
    const sink = NAN_SINKS[op] ?? NO_SHAPE;
    for (let count = 0; count < operands.length; count++) this.#consume(sink);
    const value = resultOf(op, this.#ordinal, {
      bytes: this.#module.bytes,
      at: this.#reader.immediatesStart,
    });
    for (const type of results) this.#stack.push(type, value);
    if (opcode.immediates === "data") this.droppedSegments.add(this.#reader.index);
  }

  #select(): void {
    const stack = this.#stack;
    const type = stack.typeAt(0);
    const [second, first] = [stack.pop(), stack.pop()];
    const choice = choiceOf(first, second, this.#ordinal);
    if (choice === SETTLED) this.#settle(second, NO_SHAPE);
    if (choice === SETTLED) this.#settle(first, NO_SHAPE);
    stack.push(type, choice);
  }

  #loop(): void {
    const type = this.#blockType();
    this.#open("loop", type);
    this.#settleTop(type.parameters.length);
    this.#loopDepth += 1;
    this.#flow.loop(this.#ordinal, OP_COSTS[OpByte.LOOP] ?? 0);
  }

  #else(frame: Frame): void {
    assert(frame.kind === "if", "else belongs to an if");
    frame.hasElse = true;
    this.#flow.else(this.#ordinal, this.#reachable);
    this.#reachable = true;
    this.#stack.truncate(frame.height);
    for (const type of frame.type.parameters) this.#stack.push(type);
  }

  #end(): void {
    const frame = this.#frames.pop();
    assert(frame !== undefined, "end closes a construct");
    if (!frame.live) return;
    this.#mark(this.#ordinal, Mark.KEPT);
    if (frame.kind === "function") {
      if (this.#reachable) {
        this.#settleTop(frame.type.results.length);
        this.#flow.leave(this.#ordinal);
      }
      if (frame.branched) this.#mark(this.#ordinal, Mark.JOIN);
      this.#reachable = false;
    } else if (frame.kind === "loop") {
      this.#endLoop(frame);
    } else {
      this.#endJoinable(frame);
    }
    if (!this.#reachable && frame.kind !== "function") this.#mark(this.#ordinal, Mark.DEAD_AFTER);
  }

  /** A loop's label lies before it: what follows its end is straight-line with its last segment. */
  #endLoop(frame: Frame): void {
    this.#loopDepth -= 1;
    this.#flow.endLoop(frame.branched);
    if (!frame.branched) return;
    this.#loops = true;
    this.#mark(frame.opener, Mark.JOIN | Mark.TEST);
    if (frame.type.parameters.length === 0 && this.#lastWatched <= frame.opener)
      this.#mark(frame.opener, Mark.TIGHT);
  }

  #endJoinable(frame: Frame): void {
    if (frame.kind !== "if" && !frame.branched) {
      this.#flow.endBlock();
      return;
    }
    const emptyElse = frame.kind === "if" && !frame.hasElse;
    if (this.#reachable) this.#settleTop(frame.type.results.length);
    this.#mark(this.#ordinal, Mark.JOIN);
    const after = this.#reachable || frame.branched || frame.thenFallsOut || emptyElse;
    this.#flow.join(this.#ordinal, this.#reachable, after);
    this.#reachable = after;
    if (!after) return;
    this.#stack.truncate(frame.height);
    for (const type of frame.type.results) this.#stack.push(type);
  }

  #branchTable(): void {
    const { labels, labelsCount, index } = this.#reader;
    this.#stack.pop();
    this.#flow.add(branchTableCost(labelsCount + 1) - (OP_COSTS[OpByte.BR_TABLE] ?? 0));
    for (let label = 0; label < labelsCount; label++) this.#tableTarget(labels[label] ?? 0);
    this.#tableTarget(index);
    this.#reachable = false;
  }

  #tableTarget(label: number): void {
    this.#branch(label, false);
    this.#flow.branchTable(label, this.#ordinal, 1 / (this.#reader.labelsCount + 1));
  }

  /** Returns the number of values that the branch carries. */
  #branch(label: number, unconditional: boolean): number {
    const target = this.#frames[this.#frames.length - 1 - label];
    assert(target !== undefined, "the label exists");
    const { kind, type } = target;
    const carried = kind === "loop" ? type.parameters.length : type.results.length;
    this.#settleTop(carried);
    // An unconditional branch out of the function is written as a return.
    if (kind === "function" && unconditional) return carried;
    if (kind === "function") this.#branchesOut = true;
    target.branched = true;
    return carried;
  }

  #watch(): void {
    this.#flow.watch();
    this.#lastWatched = this.#ordinal;
  }

  #call(kind: "call" | "call-indirect", type: FunctionType): void {
    let words = 0;
    for (const parameter of type.parameters) words += valueWords(parameter);
    this.#flow.add(callCost(kind, words) - callCost(kind, 0));
    this.#watch();
    for (let count = 0; count < type.parameters.length; count++) this.#consume(NO_SHAPE);
    for (const result of type.results) this.#stack.push(result);
    this.#calls = true;
  }

  #open(kind: FrameKind, type: FunctionType): void {
    const frame: Frame = {
      kind,
      live: this.#reachable,
      type,
      height: this.#reachable ? this.#stack.height - type.parameters.length : 0,
      opener: this.#ordinal,
      branched: false,
      hasElse: false,
      thenFallsOut: false,
    };
    this.#frames.push(frame);
  }

  #top(): Frame {
    const frame = this.#frames[this.#frames.length - 1];
    assert(frame !== undefined, "code lies inside of a construct");
    return frame;
  }

  /** The topmost value goes to an instruction that reads it in the shape `sink`, if it hides NaN bits at all. */
  #consume(sink: number): void {
    this.#settle(this.#stack.pop(), sink);
  }

  /** The topmost values reach a place where other values arrive too, or where their bits can be seen. */
  #settleTop(count: number): void {
    for (let below = 0; below < count; below++) this.#settle(this.#stack.settle(below), NO_SHAPE);
  }

  #settle(value: number, sink: number): void {
    if (value < 0) {
      if (sink === NO_SHAPE) this.#nans.see(value, this.#weight);
      return;
    }
    const shape = shapeOf(value);
    if (sink !== shape) this.#mark(ordinalOf(value), canonicalMark(shape));
  }

  /** What an access to a local reads or writes. */
  get #web(): number {
    return this.#webs.at(this.#ordinal, this.#reader.index);
  }

  get #weight(): number {
    return loopWeight(this.#loopDepth);
  }

  #mark(ordinal: number, mark: number): void {
    this.#marks[ordinal] = (this.#marks[ordinal] ?? 0) | mark;
  }

  #typeOfFunction(index: number): FunctionType {
    const type = this.#module.functions[index];
    assert(type !== undefined, "the function exists");
    return this.#typeAt(type);
  }

  #typeAt(index: number): FunctionType {
    const type = this.#module.types[index];
    assert(type !== undefined, "the type exists");
    return type;
  }

  #blockType(): FunctionType {
    const { blockType } = this.#reader;
    return blockType >= 0 ? this.#typeAt(blockType) : shortType(blockType);
  }
}
