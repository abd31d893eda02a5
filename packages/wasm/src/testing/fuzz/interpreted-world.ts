/** A module in the interpreter, with the same outside as the engine's worlds have. */

import { ValueType, isReferenceType } from "../../value-type.js";
import { hostFunction, hostGlobal, interpret } from "../interpreter/interpreter.js";
import type {
  HostItem,
  InterpretedInstance,
  Outcome as Interpreted,
  Value,
} from "../interpreter/interpreter.js";
import { Memory, Table } from "../interpreter/items.js";
import { valueTypeOf } from "../interpreter/value.js";
import { hostAnswers } from "./fuzz-host.js";
import type { Passable } from "./fuzz-host.js";
import type { PlannedCall } from "./call-plan.js";
import type { ImportShape, ModuleShape } from "./module-shape.js";

/** Instructions per call: fuel ends every program that costs anything, this one the rest. */
const stepsMax = 1_000_000;

const scratch = new DataView(new ArrayBuffer(8));

/** What JavaScript would see. */
function passed({ type, bits }: Value): Passable {
  scratch.setBigUint64(0, BigInt.asUintN(64, bits));
  switch (type) {
    case "i32":
      return scratch.getInt32(4);
    case "i64":
      return scratch.getBigInt64(0);
    case "f32":
      return scratch.getFloat32(4);
    default:
      return scratch.getFloat64(0);
  }
}

function valueOf(type: ValueType, value: Passable): Value {
  switch (type) {
    case ValueType.F32:
      scratch.setFloat32(4, Number(value));
      return { type: "f32", bits: BigInt(scratch.getUint32(4)) };
    case ValueType.F64:
      scratch.setFloat64(0, Number(value));
      return { type: "f64", bits: scratch.getBigUint64(0) };
    case ValueType.I64:
      return { type: "i64", bits: BigInt.asUintN(64, BigInt(value)) };
    default:
      return { type: "i32", bits: BigInt.asUintN(32, BigInt(value)) };
  }
}

function rangeOf({ minimum, maximum }: { minimum: number; maximum: number | undefined }): {
  minimum: number;
  maximum: number | undefined;
} {
  return { minimum, maximum };
}

export interface InterpretedReport {
  readonly kind: Interpreted["kind"];
  /** As the engine's worlds describe it; only of what returned. */
  readonly values: string;
  readonly host: string;
  readonly trap: string;
  readonly fuel: bigint;
}

export class InterpretedWorld {
  readonly #instance: InterpretedInstance;
  readonly #shape: ModuleShape;
  #log: string[] = [];

  /** Instantiates; the start function is left to {@link start}. */
  constructor(bytes: Uint8Array, shape: ModuleShape, pagesMax = 65_536) {
    this.#shape = shape;
    const imports: Record<string, Record<string, HostItem>> = {};
    for (const item of shape.imports) (imports[item.module] ??= {})[item.name] = this.#item(item);
    this.#instance = interpret(bytes, { imports, pagesMax, runStart: false });
  }

  get memory(): Uint8Array | undefined {
    return this.#shape.memory === undefined ? undefined : this.#instance.memory;
  }

  /** Exported globals as text. */
  get globals(): string {
    const all = this.#instance.globals();
    return this.#shape.globals
      .map(({ index }) => all[index])
      .map((value) => (value === undefined ? "" : String(passed(value))))
      .join();
  }

  start(budget: { fuel: bigint; depth: number }): InterpretedReport | undefined {
    this.#log = [];
    const outcome = this.#instance.start({ ...budget, steps: stepsMax });
    return outcome === undefined ? undefined : this.#report(outcome);
  }

  call({ entry, parameters }: PlannedCall, budget: { fuel: bigint; depth: number }): InterpretedReport {
    this.#log = [];
    const values = parameters.map((value, index) =>
      valueOf(entry.type.parameters[index] ?? ValueType.I32, value),
    );
    return this.#report(this.#instance.call(entry.name, values, { ...budget, steps: stepsMax }));
  }

  #report(outcome: Interpreted): InterpretedReport {
    const values = outcome.kind === "returned" ? outcome.values.map((value) => String(passed(value))) : [];
    const trap = outcome.kind === "trapped" ? outcome.trap : "";
    const text = values.length === 0 ? "undefined" : values.join();
    return { kind: outcome.kind, values: text, host: this.#log.join(" "), trap, fuel: outcome.fuel };
  }

  #item(shape: ImportShape): HostItem {
    switch (shape.kind) {
      case "function": {
        const [parameters, results] = [shape.type.parameters, shape.type.results].map((types) =>
          types.map(valueTypeOf),
        );
        return hostFunction(parameters ?? [], results ?? [], (values) => {
          const given = values.map(passed);
          this.#log.push(`${shape.name}(${given.map(String).join()})`);
          const answers = hostAnswers(given, shape.type.results);
          return answers.map((answer, index) => valueOf(shape.type.results[index] ?? ValueType.I32, answer));
        });
      }
      case "memory":
        return new Memory(rangeOf(shape.limits));
      case "table":
        return new Table({ ...rangeOf(shape.limits), type: valueTypeOf(shape.element) });
      case "global":
        return hostGlobal(valueOf(shape.type, 7), shape.mutable);
    }
  }
}

/**
 * Whether a module can be interpreted here: nothing of JavaScript passes through its imports but numbers, and none
 * is imported twice, which JavaScript allows with two types.
 */
export function interpretable({ imports }: ModuleShape): boolean {
  const plain = (type: ValueType): boolean => !isReferenceType(type) && type !== ValueType.V128;
  const names = new Set(imports.map(({ module, name }) => JSON.stringify([module, name])));
  if (names.size < imports.length) return false;
  return imports.every((item) => {
    if (item.kind === "function") return [...item.type.parameters, ...item.type.results].every(plain);
    return item.kind !== "global" || plain(item.type);
  });
}
