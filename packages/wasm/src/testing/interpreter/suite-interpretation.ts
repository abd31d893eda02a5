/**
 * Files of the official suite in the interpreter and, instrumented, in the engine: every result is what the suite
 * expects with canonical NaN, every trap of the kind that it names, and fuel, memory and globals are equal in both.
 */

import { instrument } from "../../instrument.js";
import { argumentBits, widthOf } from "../bit-probe.js";
import type {
  ConformanceAction,
  ConformanceCommand,
  ConformanceFile,
  ConformanceValue,
} from "../conformance.js";
import { difference } from "../suite-expectation.js";
import { SuiteWorld } from "../suite-world.js";
import type { Outcome as SuiteOutcome } from "../suite-world.js";
import { bitsOfBytes } from "./byte-source.js";
import { MEMORY_EXPORT, exposeState, globalExport } from "./exposed-state.js";
import { LinkFailure, NULL_REFERENCE, Trap, hostFunction, interpret } from "./interpreter.js";
import type { HostItem, InterpretedInstance, Outcome, TrapKind, Value } from "./interpreter.js";
import { Memory, Table, hostGlobal, isReferenceType, valueAt } from "./items.js";
import { trapKindOf } from "./trap-text.js";
import type { ValueType } from "./value.js";
import { takeApart } from "./module-parts.js";

export interface InterpreterCounts {
  modules: number;
  returns: number;
  traps: number;
  exhaustions: number;
  links: number;
  engineCalls: number;
  fuelTotals: number;
  memories: number;
  globals: number;
}

export interface InterpreterComparison {
  readonly counts: InterpreterCounts;
  /** Empty where all is equal. */
  readonly differences: readonly string[];
}

/** Logical stack of both sides; small enough for the native stack of a main thread. */
const DEPTH_BYTES = 512 * 1024;

/** Texts of the suite by kind of trap. */
const expectedTraps: readonly { readonly text: RegExp; readonly kinds: readonly TrapKind[] }[] = [
  { text: /unreachable/, kinds: ["unreachable"] },
  { text: /integer divide by zero/, kinds: ["integer divide by zero", "integer remainder by zero"] },
  { text: /integer overflow/, kinds: ["integer overflow", "invalid conversion to integer"] },
  { text: /invalid conversion/, kinds: ["invalid conversion to integer"] },
  { text: /out of bounds table|undefined/, kinds: ["table access out of bounds"] },
  { text: /indirect call type mismatch|uninitialized/, kinds: ["indirect call"] },
  { text: /out of bounds memory/, kinds: ["memory access out of bounds"] },
];

function spectest(): Record<string, HostItem> {
  const print = (...types: ValueType[]): HostItem => hostFunction(types, []);
  return {
    print: print(),
    print_i32: print("i32"),
    print_i64: print("i64"),
    print_f32: print("f32"),
    print_f64: print("f64"),
    print_i32_f32: print("i32", "f32"),
    print_f64_f64: print("f64", "f64"),
    global_i32: hostGlobal({ type: "i32", bits: 666n }),
    global_i64: hostGlobal({ type: "i64", bits: 666n }),
    global_f32: hostGlobal({ type: "f32", bits: 0x4426_a666n }),
    global_f64: hostGlobal({ type: "f64", bits: 0x4084_d4cc_cccc_cccdn }),
    table: new Table({ type: "funcref", minimum: 10, maximum: 20 }),
    memory: new Memory({ minimum: 1, maximum: 2 }),
  };
}

export interface ComparisonOptions {
  /**
   * Modules without state are called in the engine only every so many actions; the interpreter does all. Default 1.
   */
  readonly every?: number;
}

class Comparison {
  readonly #file: ConformanceFile;
  readonly #every: number;
  #actions = 0;
  #stateless = false;
  readonly #instrumented = new SuiteWorld((bytes) => instrument(bytes, { profile: "conformance" }).bytes);
  readonly #imports: Record<string, Readonly<Record<string, HostItem>>> = { spectest: spectest() };
  readonly #named = new Map<string, InterpretedInstance>();
  #current: InterpretedInstance | undefined;
  /** Functions of an instance that failed live on in a table: nobody can read its counter in the engine. */
  #orphans = false;
  readonly differences: string[] = [];
  readonly counts: InterpreterCounts = {
    modules: 0,
    returns: 0,
    traps: 0,
    exhaustions: 0,
    links: 0,
    engineCalls: 0,
    fuelTotals: 0,
    memories: 0,
    globals: 0,
  };

  constructor(file: ConformanceFile, { every = 1 }: ComparisonOptions) {
    this.#every = every;
    this.#file = { ...file, module: (filename) => exposeState(file.module(filename)) };
  }

  run(): void {
    for (const command of this.#file.commands) {
      try {
        this.#command(command);
      } catch (error) {
        this.#differs(command, String(error));
      }
    }
  }

  #command(command: ConformanceCommand): void {
    const { type, action, filename = "", name } = command;
    if (type === "module") {
      this.#current = undefined;
      this.#instrumented.instantiate(this.#file, filename, name);
      this.#current = this.#interpret(filename);
      if (name !== undefined) this.#named.set(name, this.#current);
      this.counts.modules += 1;
      this.#stateless = isStateless(this.#file.module(filename));
      this.#compareState(command, undefined);
    } else if (type === "register") {
      this.#imports[command.as ?? ""] = this.#instance(name).exports;
      this.#instrumented.register(command.as ?? "", name);
    } else if (type === "assert_uninstantiable" || type === "assert_unlinkable") {
      this.counts.links += 1;
      this.#fails(command);
    } else if (action !== undefined) {
      this.#action(command, action);
    }
  }

  #interpret(filename: string): InterpretedInstance {
    return interpret(this.#file.module(filename), { imports: this.#imports, profile: "conformance" });
  }

  #instance(name: string | undefined): InterpretedInstance {
    const instance = name === undefined ? this.#current : this.#named.get(name);
    if (instance === undefined) throw new Error("no instance");
    return instance;
  }

  /** What instantiation did before it failed stays, in both. */
  #fails(command: ConformanceCommand): void {
    const filename = command.filename ?? "";
    let failure: unknown;
    try {
      this.#interpret(filename);
    } catch (error) {
      failure = error;
    }
    const links = command.type === "assert_uninstantiable";
    if (links) this.#orphans = true;
    if (links ? !(failure instanceof Trap) : !(failure instanceof LinkFailure)) {
      this.#differs(command, `failed with ${String(failure)}`);
    }
    const current = this.#current;
    try {
      this.#instrumented.instantiate(this.#file, filename, undefined);
      this.#differs(command, "was instantiated");
    } catch {
      this.#current = current;
    }
  }

  #action(command: ConformanceCommand, action: ConformanceAction): void {
    const instance = this.#instance(action.module);
    if (action.type === "get") {
      const global = instance.exports[action.field];
      if (global?.kind !== "global") throw new Error(`${action.field} is no global`);
      const value = valueAt(global.view, 0, global.type.type, global.reference);
      this.#expect(command, { kind: "returned", values: [value], fuel: 0n });
      return;
    }
    const outcome = instance.call(action.field, (action.args ?? []).map(valueOf), { depth: DEPTH_BYTES });
    if (command.type === "assert_trap") this.#trap(command, outcome);
    else if (command.type === "assert_exhaustion") this.#exhaustion(command, outcome);
    else this.#expect(command, outcome);
    this.#actions += 1;
    if (this.#stateless && this.#actions % this.#every !== 0) return;
    this.#compareEngine(command, action, outcome);
    this.#compareState(command, action.module);
  }

  /** The same call of the instrumented module. A standalone one may use up the native stack before the logical one. */
  #compareEngine(command: ConformanceCommand, action: ConformanceAction, outcome: Outcome): void {
    const results = (command.expected ?? []).map(({ type }) => type);
    const actual = this.#instrumented.perform(action, results);
    this.counts.engineCalls += 1;
    if (outcome.kind === "trapped") {
      const same = actual.kind === "trap" && trapKindOf(actual.message) === outcome.trap;
      if (!same) this.#differs(command, `${describe(outcome)}, instrumented ${describeActual(actual)}`);
    } else if (outcome.kind !== "returned") {
      if (actual.kind !== "trap") this.#differs(command, "the instrumented module did not trap");
    } else {
      if (!sameResults(outcome.values, actual))
        this.#differs(command, `instrumented gave ${describeActual(actual)}`);
      const used = this.#instrumented.fuelUsed();
      if (this.#orphans) return;
      this.counts.fuelTotals += 1;
      if (outcome.fuel !== used) this.#differs(command, `fuel ${outcome.fuel}, instrumented ${used}`);
    }
  }

  #trap(command: ConformanceCommand, outcome: Outcome): void {
    this.counts.traps += 1;
    const kinds = expectedTraps.find(({ text }) => text.test(command.text ?? ""))?.kinds ?? [];
    if (outcome.kind !== "trapped" || !kinds.includes(outcome.trap))
      this.#differs(command, `${describe(outcome)} for "${command.text ?? ""}"`);
  }

  #exhaustion(command: ConformanceCommand, outcome: Outcome): void {
    this.counts.exhaustions += 1;
    if (outcome.kind !== "out-of-depth") this.#differs(command, describe(outcome));
  }

  #expect(command: ConformanceCommand, outcome: Outcome): void {
    this.counts.returns += 1;
    if (outcome.kind !== "returned") {
      this.#differs(command, describe(outcome));
      return;
    }
    const expected = command.expected ?? [];
    if (command.type === "action") return;
    if (outcome.values.length !== expected.length) this.#differs(command, "number of results");
    for (const [index, want] of expected.entries()) {
      const got = outcome.values[index];
      const problem = got === undefined ? "no value" : mismatch(got, want);
      if (problem !== undefined) this.#differs(command, problem);
    }
  }

  /** Memory and globals of the instance that was called. */
  #compareState(command: ConformanceCommand, module: string | undefined): void {
    const instance = this.#instance(module);
    const exports = this.#instrumented.exportsOf(module);
    const memory = exports[MEMORY_EXPORT];
    if (memory instanceof WebAssembly.Memory && instance.memory !== undefined) {
      this.counts.memories += 1;
      if (Buffer.compare(Buffer.from(memory.buffer), instance.memory) !== 0)
        this.#differs(command, "memory differs");
    }
    for (const [index, value] of instance.globals().entries()) {
      const global = exports[globalExport(index)];
      // JavaScript reads neither vectors nor the payloads of NaN.
      if (!(global instanceof WebAssembly.Global) || value.type === "v128") continue;
      this.counts.globals += 1;
      if (!sameGlobal(value, global.value))
        this.#differs(command, `global ${index} is ${value.bits.toString(16)}`);
    }
  }

  #differs({ line, type }: ConformanceCommand, what: string): void {
    this.differences.push(`${this.#file.name}:${line} ${type}: ${what}`);
  }
}

function isStateless(bytes: Uint8Array): boolean {
  const { imports, memories, tables, globals } = takeApart(bytes);
  return imports.length + memories.length + tables.length + globals.length === 0;
}

/** Bit by bit; references are compared with what the suite expects only. */
function sameResults(values: readonly Value[], actual: SuiteOutcome): boolean {
  if (actual.kind !== "bits") return actual.kind === "values";
  return values.every(({ type, bits }, index) => {
    const got = actual.bits.subarray(16 * index, 16 * index + widthOf(type));
    return bits === bitsOfBytes(got);
  });
}

function describeActual(outcome: SuiteOutcome): string {
  if (outcome.kind === "trap") return outcome.message;
  return outcome.kind === "bits" ? outcome.bits.join(" ") : outcome.values.map(String).join(" ");
}

function describe(outcome: Outcome): string {
  return outcome.kind === "trapped" ? `trapped: ${outcome.trap}` : outcome.kind;
}

function valueOf(value: ConformanceValue): Value {
  const type = value.type as ValueType; // as wast2json writes it
  if (isReferenceType(type)) {
    return { type, bits: value.value === "null" ? NULL_REFERENCE : BigInt(String(value.value)) };
  }
  return { type, bits: bitsOfBytes(Uint8Array.from(argumentBits(value))) };
}

function bytesOf(bits: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let index = 0; index < 16; index++) bytes[index] = Number((bits >> BigInt(8 * index)) & 255n);
  return bytes;
}

function mismatch(got: Value, want: ConformanceValue): string | undefined {
  if (got.type !== want.type) return `type ${got.type}, expected ${want.type}`;
  if (!isReferenceType(got.type)) return difference({ kind: "bits", bits: bytesOf(got.bits) }, [want]);
  const isNull = got.bits === NULL_REFERENCE;
  const matches = want.value === undefined ? !isNull : valueOf(want).bits === got.bits;
  return matches ? undefined : `reference ${got.bits}, expected ${JSON.stringify(want)}`;
}

function sameGlobal({ type, bits }: Value, actual: unknown): boolean {
  switch (type) {
    case "i32":
      return actual === Number(BigInt.asIntN(32, bits));
    case "i64":
      return actual === BigInt.asIntN(64, bits);
    case "f32":
      return Object.is(actual, new DataView(bytesOf(bits).buffer).getFloat32(0, true));
    case "f64":
      return Object.is(actual, new DataView(bytesOf(bits).buffer).getFloat64(0, true));
    default:
      return (actual === null) === (bits === NULL_REFERENCE);
  }
}

/** Runs one file. Its instances live as long as the call. */
export function compareWithInterpreter(
  file: ConformanceFile,
  options: ComparisonOptions = {},
): InterpreterComparison {
  const comparison = new Comparison(file, options);
  comparison.run();
  return { counts: comparison.counts, differences: comparison.differences };
}
