/**
 * Writes the instrumented body of one function after its plan: charges, tests, flushes around calls, depth,
 * canonical NaN, virtual data.drop. Instructions that need no change are copied byte by byte.
 */

import { assert } from "@wasm-engine/abi";
import { addedParameters, takesDepth, takesFuel } from "./added-parameters.js";
import { LINEAR_COSTS } from "./cost-table.js";
import type { LinearCost } from "./cost-table.js";
import { Encoder } from "./encoder.js";
import { FuelCounter } from "./fuel-counter.js";
import { Mark, shapeOfMark } from "./function-plan.js";
import type { FunctionPlan } from "./function-plan.js";
import { InstructionReader } from "./instruction-reader.js";
import { LabelStack } from "./label-stack.js";
import { functionIndex, referenceIndex } from "./layout.js";
import type { Layout } from "./layout.js";
import { LocalAllocator } from "./local-allocator.js";
import type { FunctionType, WasmModule } from "./module.js";
import { CANONICAL, NAN_SHAPES } from "./nan.js";
import { StoreWriter } from "./store-writer.js";
import type { ProbeWriter } from "./probe-writer.js";
import { OpByte, PrefixedOp } from "./op-byte.js";
import { FC } from "./opcodes.js";
import type { NanShape } from "./opcodes.js";
import { ValueType } from "./value-type.js";

const memoryInit = FC + 8;
const dataDrop = FC + 9;
const { I32 } = ValueType;

export interface EmitterInput {
  readonly module: WasmModule;
  readonly layout: Layout;
  /** Plans of all bodies: whether a callee calls on decides whether depth must be current for it. */
  readonly plans: readonly FunctionPlan[];
  readonly canonicalizeNan: boolean;
  /** Present where the module is written for profiling. */
  readonly probes?: ProbeWriter;
}

export class FunctionEmitter {
  readonly #input: EmitterInput;
  readonly #reader: InstructionReader;
  #code = new Encoder();
  #locals = new LocalAllocator([], 0);
  #counter: FuelCounter;
  #stores: StoreWriter;
  #plan: FunctionPlan;
  /** Number of the function's own parameters, and of those that are added behind them. */
  #parameters = 0;
  #added = 0;
  /** Local that holds what this function leaves of the logical stack. */
  #depth = 0;
  /** Start of the bytes that are waiting to be copied; -1: none. */
  #rawStart = -1;
  readonly #labels = new LabelStack();
  #wrapped = false;

  constructor(input: EmitterInput) {
    const [plan] = input.plans;
    assert(plan !== undefined, "there are functions to emit");
    this.#input = input;
    this.#reader = new InstructionReader(input.module.bytes);
    this.#plan = plan;
    this.#counter = this.#counterFor(false, undefined);
    this.#stores = new StoreWriter(this.#code, this.#locals);
  }

  /** Locals and code of one function, ready for the code section. */
  emit(plan: FunctionPlan): Encoder {
    const { module } = this.#input;
    const body = module.code[plan.body];
    assert(body !== undefined, "the body exists");
    const type = this.#typeOf(module.importedFunctions + plan.body);
    const given = takesFuel(plan, this.#input.layout);
    const cached = given || (!plan.calls && (plan.loops || plan.charges.count > 1));
    this.#plan = plan;
    this.#code = new Encoder(2 * (body.end - body.start) + 64);
    this.#parameters = type.parameters.length;
    this.#added = addedParameters(plan, this.#input.layout);
    this.#locals = new LocalAllocator(body.localsGroups, this.#parameters + this.#added + body.localsCount);
    this.#counter = this.#counterFor(cached, given ? this.#parameters : undefined);
    this.#stores = new StoreWriter(this.#code, this.#locals);
    this.#wrapped = cached && plan.branchesOut;
    this.#labels.reset(this.#wrapped);
    if (plan.calls) this.#takeFrame();
    this.#prologue(type);
    this.#instructions(body.codeStart, body.end);
    return new Encoder(this.#code.length + 32).append(this.#locals.encode()).append(this.#code);
  }

  #counterFor(cached: boolean, parameter: number | undefined): FuelCounter {
    const { layout } = this.#input;
    return new FuelCounter(this.#code, { layout, locals: this.#locals, cached, parameter });
  }

  /** Takes the frame off what is left of the logical stack. */
  #takeFrame(): void {
    const { layout } = this.#input;
    const code = this.#code;
    const given = takesDepth(this.#plan, layout);
    this.#depth = given ? this.#parameters + this.#added - 1 : this.#locals.get("depth", I32);
    if (given) code.byte(OpByte.LOCAL_GET).u32(this.#depth);
    else code.byte(OpByte.GLOBAL_GET).u32(layout.depth);
    code.byte(OpByte.I32_CONST).s32(this.#plan.frameBytes);
    code.byte(OpByte.I32_SUB).byte(OpByte.LOCAL_TEE).u32(this.#depth);
    code.op(OpByte.I32_CONST, 0, OpByte.I32_LT_S, OpByte.IF, OpByte.VOID);
    // It does not come back: nothing has to be kept over the call.
    code.byte(OpByte.CALL).u32(layout.outOfDepth).op(OpByte.UNREACHABLE, OpByte.END);
  }

  #prologue(type: FunctionType): void {
    const { layout } = this.#input;
    const code = this.#code;
    const { behind, prices, testedAtEntry } = this.#plan.charges;
    if (testedAtEntry) this.#counter.enter(behind[0] ?? 0, () => this.#retry());
    else this.#counter.charge(behind[0] ?? 0);
    this.#probe(this.#input.module.code[this.#plan.body]?.codeStart ?? 0, prices[0] ?? 0);
    if (!this.#wrapped) return;
    code.byte(OpByte.BLOCK);
    const [first] = type.results;
    if (first === undefined) code.byte(OpByte.VOID);
    else if (type.results.length === 1) code.byte(first);
    else code.s32(layout.types.index([], type.results));
  }

  /** Nothing has been done yet: whoever refuels enters this function again. */
  #retry(): void {
    const { layout } = this.#input;
    const code = this.#code;
    const { body, frameBytes, charges } = this.#plan;
    for (let parameter = 0; parameter < this.#parameters; parameter++) {
      code.byte(OpByte.LOCAL_GET).u32(parameter);
    }
    if (takesFuel(this.#plan, layout)) this.#counter.giveBack(charges.behind[0] ?? 0);
    if (takesDepth(this.#plan, layout)) {
      code
        .byte(OpByte.LOCAL_GET)
        .u32(this.#depth)
        .byte(OpByte.I32_CONST)
        .s32(frameBytes)
        .byte(OpByte.I32_ADD);
    }
    const retry = layout.retries.get(body);
    assert(retry !== undefined, "a function that is tested at entry can be entered again");
    code.byte(OpByte.CALL).u32(retry).byte(OpByte.RETURN);
  }

  #instructions(start: number, end: number): void {
    const reader = this.#reader;
    const { marks, charges } = this.#plan;
    const { before, behind, taken, prices } = charges;
    reader.seek(start, end);
    this.#rawStart = -1;
    for (let ordinal = 0; !reader.done; ordinal++) {
      reader.next();
      const mark = marks[ordinal] ?? 0;
      if ((mark & Mark.KEPT) === 0) {
        this.#copyRaw();
        continue;
      }
      this.#charge(before[ordinal] ?? 0);
      const needed = charges.needed.get(ordinal + 1) ?? 0;
      if (!this.#changed(mark, taken[ordinal] ?? 0, needed) && this.#rawStart < 0)
        this.#rawStart = reader.start;
      this.#behind(mark, behind[ordinal + 1] ?? 0, needed);
      this.#probe(reader.offset, prices[ordinal + 1] ?? 0);
    }
    this.#copyRaw(reader.offset);
  }

  /** What is added behind an instruction. */
  #behind(mark: number, charge: number, needed: number): void {
    const canonical = (mark & Mark.CANONICAL) !== 0 && this.#input.canonicalizeNan;
    const dead = (mark & Mark.DEAD_AFTER) !== 0;
    const tested = (mark & Mark.TEST) !== 0;
    if (charge === 0 && !canonical && !dead && !tested) return;
    this.#copyRaw(this.#reader.offset);
    if (canonical) this.#canonicalize(NAN_SHAPES[shapeOfMark(mark)]);
    if (tested && this.#labels.guarded) this.#counter.leaveUnless(needed);
    else if (tested) this.#counter.ensure(needed);
    this.#counter.charge(charge);
    if (dead) this.#code.byte(OpByte.UNREACHABLE);
  }

  /** A charge before the instruction that was read. */
  #charge(charge: number): void {
    if (charge === 0) return;
    this.#copyRaw();
    this.#counter.charge(charge);
  }

  /** Writes what stands for an instruction that cannot be copied. False: it can. */
  #changed(mark: number, taken: number, needed: number): boolean {
    switch (this.#reader.op) {
      case OpByte.BLOCK:
        this.#labels.open();
        return false;
      case OpByte.LOOP:
        this.#loop(mark, needed);
        return false;
      case OpByte.IF:
        this.#labels.open();
        this.#join(true);
        return false;
      case OpByte.ELSE:
        this.#join((mark & Mark.LIVE) !== 0);
        return false;
      case OpByte.END:
        if (taken !== 0) this.#chargeSkipping((mark & Mark.LIVE) !== 0, taken);
        return this.#end(mark);
      case OpByte.BR:
        if (this.#labels.leavesFunction(this.#reader.index)) return this.#return();
        this.#join(true);
        return this.#branch(OpByte.BR);
      case OpByte.BR_IF:
        this.#prepareJoin();
        return taken === 0 ? this.#branch(OpByte.BR_IF) : this.#chargedBranch(taken);
      case OpByte.BR_TABLE:
        this.#join(true);
        return this.#branchTable();
      case OpByte.RETURN:
        return this.#return();
      case OpByte.F32_STORE:
      case OpByte.F64_STORE:
        return this.#store(mark);
      default:
        return this.#rewritten();
    }
  }

  #store(mark: number): boolean {
    if ((mark & (Mark.WAITS | Mark.STORES)) === 0 || !this.#input.canonicalizeNan) return false;
    this.#copyRaw();
    const instruction = this.#input.module.bytes.subarray(this.#reader.start, this.#reader.offset);
    if ((mark & Mark.WAITS) !== 0) this.#stores.wait(instruction);
    else this.#stores.write(instruction);
    return true;
  }

  #rewritten(): boolean {
    const { op, index } = this.#reader;
    const { layout } = this.#input;
    switch (op) {
      case OpByte.CALL:
        this.#call(index);
        return true;
      case OpByte.LOCAL_GET:
      case OpByte.LOCAL_SET:
      case OpByte.LOCAL_TEE:
        return this.#movedLocal(op, index);
      case OpByte.CALL_INDIRECT:
        this.#copyRaw();
        this.#counter.beforeCall();
        this.#publishDepth();
        this.#code.bytes(this.#input.module.bytes, this.#reader.start, this.#reader.offset);
        this.#counter.afterCall();
        return true;
      case OpByte.REF_FUNC:
        this.#copyRaw();
        this.#code.byte(OpByte.REF_FUNC).u32(referenceIndex(layout, index));
        return true;
      case dataDrop:
        this.#dropData(index);
        return true;
      default: {
        const linear = LINEAR_COSTS[op];
        if (linear === undefined) return false;
        this.#chargeLinear(linear);
        this.#copyRaw();
        return this.#linearInstruction();
      }
    }
  }

  /** Declared locals lie behind the added parameters. False: copy the instruction. */
  #movedLocal(op: number, index: number): boolean {
    const local = this.#localIndex(index);
    if (local === index) return false;
    this.#copyRaw();
    this.#code.byte(op).u32(local);
    return true;
  }

  #localIndex(index: number): number {
    return index < this.#parameters ? index : index + this.#added;
  }

  /** The instruction behind a linear charge. False: copy it. */
  #linearInstruction(): boolean {
    const { op, index } = this.#reader;
    const { layout, module } = this.#input;
    const flag = layout.segmentFlags.get(index);
    if (op === OpByte.MEMORY_GROW) {
      this.#code.byte(OpByte.CALL).u32(layout.grow);
      return true;
    }
    if (op !== memoryInit || flag === undefined) return false;
    const type = layout.types.index([I32, I32, I32], []);
    this.#code.byte(OpByte.GLOBAL_GET).u32(flag).byte(OpByte.IF).s32(type);
    this.#code.byte(OpByte.PREFIX_FC).byte(PrefixedOp.MEMORY_INIT).u32(layout.emptySegment).byte(0);
    this.#code.byte(OpByte.ELSE).bytes(module.bytes, this.#reader.start, this.#reader.offset);
    this.#code.byte(OpByte.END);
    return true;
  }

  /** Active segments are dropped by instantiation already. */
  #dropData(segment: number): void {
    this.#copyRaw();
    const flag = this.#input.layout.segmentFlags.get(segment);
    if (flag !== undefined) this.#code.op(OpByte.I32_CONST, 1).byte(OpByte.GLOBAL_SET).u32(flag);
  }

  /** Charges by the topmost operand and leaves it where it was. */
  #chargeLinear(cost: LinearCost): void {
    this.#copyRaw();
    const count = this.#locals.get("count", I32);
    const code = this.#code;
    code.byte(OpByte.LOCAL_TEE).u32(count);
    this.#counter.spend(() => {
      code.byte(OpByte.LOCAL_GET).u32(count);
      if (cost.shift > 0) code.byte(OpByte.I32_CONST).s32(cost.shift).byte(OpByte.I32_SHR_U);
      code.byte(OpByte.I64_EXTEND_I32_U);
      if (cost.unit > 1) code.byte(OpByte.I64_CONST).s32(cost.unit).byte(OpByte.I64_MUL);
    });
    const place = { function: this.#functionIndex, offset: this.#reader.start };
    this.#input.probes?.linear(code, place, cost, count);
  }

  /** Where a segment begins, whatever place its charge was given: a profile counts code, not charges. */
  #probe(offset: number, fuel: number): void {
    const { probes } = this.#input;
    if (probes === undefined || fuel === 0) return;
    this.#copyRaw(this.#reader.offset);
    probes.segment(this.#code, { function: this.#functionIndex, offset }, fuel);
  }

  get #functionIndex(): number {
    return this.#input.module.importedFunctions + this.#plan.body;
  }

  #call(callee: number): void {
    const { layout, module, plans } = this.#input;
    const plan = plans[callee - module.importedFunctions];
    const depthGiven = takesDepth(plan, layout);
    const fuelGiven = takesFuel(plan, layout);
    const untouched = plan?.usesFuel === false;
    this.#copyRaw();
    if (!fuelGiven && !untouched) this.#counter.beforeCall();
    // Host functions and functions without calls never look at depth.
    if (plan?.calls === true && !depthGiven) this.#publishDepth();
    if (fuelGiven) this.#counter.give();
    if (depthGiven) this.#code.byte(OpByte.LOCAL_GET).u32(this.#depth);
    this.#code.byte(OpByte.CALL).u32(functionIndex(layout, callee));
    if (fuelGiven) this.#counter.take();
    else if (!untouched) this.#counter.afterCall();
  }

  #publishDepth(): void {
    this.#code.byte(OpByte.LOCAL_GET).u32(this.#depth).byte(OpByte.GLOBAL_SET).u32(this.#input.layout.depth);
  }

  /** Control arrives from several places behind this instruction: the cached counter must be current on all ways. */
  #join(arrivesHere: boolean): void {
    if (arrivesHere) this.#prepareJoin();
    this.#counter.joined();
  }

  #prepareJoin(): void {
    if (this.#counter.stale) this.#copyRaw();
    this.#counter.reload();
  }

  /**
   * A tight loop is guarded: running dry leaves it for code outside, which asks the host and comes back by another
   * loop around it. A call inside of it would cost it its registers.
   */
  #loop(mark: number, needed: number): void {
    if ((mark & Mark.JOIN) !== 0) this.#join(true);
    const { start, immediatesStart, offset } = this.#reader;
    const guarded = (mark & Mark.TIGHT) !== 0;
    this.#labels.open(guarded ? needed : undefined);
    if (!guarded) return;
    const { bytes } = this.#input.module;
    this.#copyRaw();
    this.#code.byte(OpByte.BLOCK).bytes(bytes, immediatesStart, offset);
    this.#code.bytes(bytes, start, offset).op(OpByte.BLOCK, OpByte.VOID);
  }

  #endGuardedLoop(live: boolean, needed: number): boolean {
    this.#join(live);
    this.#copyRaw();
    this.#code.op(OpByte.END, OpByte.BR, 2, OpByte.END);
    this.#counter.refuel(needed);
    this.#code.op(OpByte.BR, 0, OpByte.END, OpByte.END);
    return true;
  }

  /** True: the branch is written with another depth. False: copy it. */
  #branch(op: number): boolean {
    const { index } = this.#reader;
    const depth = this.#labels.depth(index);
    if (depth === index) return false;
    this.#copyRaw();
    this.#code.byte(op).u32(depth);
    return true;
  }

  /** A br_if that costs something where it is taken. */
  #chargedBranch(taken: number): boolean {
    this.#copyRaw();
    this.#code.op(OpByte.IF, OpByte.VOID);
    this.#counter.aside(() => this.#counter.charge(taken));
    this.#code
      .byte(OpByte.BR)
      .u32(this.#labels.depth(this.#reader.index) + 1)
      .byte(OpByte.END);
    return true;
  }

  /** At the end of an `if` without `else`: what a false condition costs. */
  #chargeSkipping(arrivesHere: boolean, taken: number): void {
    this.#join(arrivesHere);
    this.#copyRaw();
    this.#code.byte(OpByte.ELSE);
    this.#counter.charge(taken);
  }

  #branchTable(): boolean {
    const { labels, labelsCount, index } = this.#reader;
    this.#copyRaw();
    this.#code.byte(OpByte.BR_TABLE).u32(labelsCount);
    for (let label = 0; label < labelsCount; label++) this.#code.u32(this.#labels.depth(labels[label] ?? 0));
    this.#code.u32(this.#labels.depth(index));
    return true;
  }

  /** True: `end` has been written. */
  #end(mark: number): boolean {
    const live = (mark & Mark.LIVE) !== 0;
    if (!this.#labels.inFunction) {
      if ((mark & Mark.JOIN) !== 0) this.#join(live);
      const needed = this.#labels.close();
      return needed === undefined ? false : this.#endGuardedLoop(live, needed);
    }
    if (this.#wrapped) {
      this.#join(live);
      this.#copyRaw();
      this.#code.byte(OpByte.END);
      this.#counter.leave();
    } else if (live) {
      this.#copyRaw();
      this.#counter.leave();
    }
    return false;
  }

  #return(): boolean {
    this.#copyRaw();
    this.#counter.leave();
    this.#code.byte(OpByte.RETURN);
    return true;
  }

  /** The value on the stack becomes canonical. One that has just been read from a local is changed in there. */
  #canonicalize(shape: NanShape | undefined): void {
    assert(shape !== undefined, "a canonical NaN has a shape");
    const { type, canonical, equal, choose } = CANONICAL[shape];
    const code = this.#code;
    const read = this.#reader.op === OpByte.LOCAL_GET;
    const local = read ? this.#localIndex(this.#reader.index) : this.#locals.get(`nan-${type}`, type);
    if (!read) code.byte(OpByte.LOCAL_TEE).u32(local);
    if (choose !== undefined) {
      code.op(...canonical).byte(OpByte.LOCAL_GET);
      code.u32(local).byte(OpByte.LOCAL_GET).u32(local);
      code.op(...equal).op(...choose);
      return;
    }
    code.byte(OpByte.LOCAL_GET).u32(local);
    code.op(...equal).op(OpByte.I32_EQZ, OpByte.IF, OpByte.VOID, ...canonical);
    code.byte(OpByte.LOCAL_SET).u32(local);
    code.byte(OpByte.END).byte(OpByte.LOCAL_GET).u32(local);
  }

  #copyRaw(end: number = this.#reader.start): void {
    if (this.#rawStart < 0) return;
    this.#code.bytes(this.#input.module.bytes, this.#rawStart, end);
    this.#rawStart = -1;
  }

  #typeOf(index: number): FunctionType {
    const type = this.#input.module.types[this.#input.module.functions[index] ?? -1];
    assert(type !== undefined, "the function has a type");
    return type;
  }
}
