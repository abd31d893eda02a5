/**
 * Reads of an `.onnx` file what a registry must know before a runtime sees it: operator sets, inputs, outputs,
 * operators used, whether weights lie in other files. Garbled bytes give a text, never a crash. Reads no weights.
 */

import { decodeUtf8 } from "@wasm-engine/abi";
import { WireProblem, readFields, readIntegers } from "./protobuf.js";

/** A declared input or output; `type` is the number of TensorProto.DataType, 0 where it is no tensor. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: number;
  /** A number is fixed; a text is symbolic, "" unnamed. Undefined: not even the rank is declared. */
  readonly dimensions: readonly (number | string)[] | undefined;
}

export interface OnnxHeader {
  readonly irVersion: number;
  readonly producer: string;
  /** Version by domain; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Without those that an initializer fills. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  /** `domain:operator`, or the operator alone for ONNX's own; sorted. */
  readonly operators: readonly string[];
  readonly initializerCount: number;
  /** Some weights are in files beside this one. */
  readonly externalData: boolean;
  readonly metadata: ReadonlyMap<string, string>;
}

interface Graph {
  readonly inputs: OnnxValueInfo[];
  readonly outputs: OnnxValueInfo[];
  readonly operators: Set<string>;
  readonly initializers: Set<string>;
  externalData: boolean;
}

/** The header, or a text that says why the bytes are no ONNX model. */
export function readOnnxHeader(bytes: Uint8Array): OnnxHeader | string {
  try {
    return readModel(bytes);
  } catch (problem) {
    if (problem instanceof WireProblem) return problem.message;
    throw problem;
  }
}

function readModel(bytes: Uint8Array): OnnxHeader | string {
  let irVersion = 0;
  let producer = "";
  let graphCount = 0;
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const graph: Graph = {
    inputs: [],
    outputs: [],
    operators: new Set(),
    initializers: new Set(),
    externalData: false,
  };
  for (const field of readFields(bytes)) {
    if (field.number === 1) irVersion = Number(field.integer);
    else if (field.number === 2) producer = text(field.bytes);
    else if (field.number === 7) {
      // A message that stands there several times is one message: files are extended by appending to them.
      graphCount += 1;
      readGraph(field.bytes, graph);
    } else if (field.number === 8) {
      const [domain, version] = readOpset(field.bytes);
      opsets.set(domain === "ai.onnx" ? "" : domain, version);
    } else if (field.number === 14) metadata.set(...readProperty(field.bytes));
  }
  if (graphCount === 0) return "it holds no graph";
  if (irVersion === 0) return "it states no IR version";
  if (opsets.size === 0) return "it states no operator set";
  return {
    irVersion,
    producer,
    opsets,
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)),
    outputs: graph.outputs,
    operators: [...graph.operators].sort(),
    initializerCount: graph.initializers.size,
    externalData: graph.externalData,
    metadata,
  };
}

function readGraph(bytes: Uint8Array, graph: Graph): void {
  for (const field of readFields(bytes)) {
    if (field.number === 1) graph.operators.add(readOperator(field.bytes));
    else if (field.number === 5) readInitializer(field.bytes, graph);
    else if (field.number === 11) graph.inputs.push(readValue(field.bytes));
    else if (field.number === 12) graph.outputs.push(readValue(field.bytes));
  }
}

function readOperator(bytes: Uint8Array): string {
  let operator = "";
  let domain = "";
  for (const field of readFields(bytes)) {
    if (field.number === 4) operator = text(field.bytes);
    else if (field.number === 7) domain = text(field.bytes);
  }
  return domain === "" || domain === "ai.onnx" ? operator : `${domain}:${operator}`;
}

function readInitializer(bytes: Uint8Array, graph: Graph): void {
  for (const field of readFields(bytes)) {
    if (field.number === 8) graph.initializers.add(text(field.bytes));
    else if (field.number === 14 && field.integer === 1n) graph.externalData = true;
  }
}

function readValue(bytes: Uint8Array): OnnxValueInfo {
  let name = "";
  let type = 0;
  let dimensions: (number | string)[] | undefined;
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = text(field.bytes);
    else if (field.number === 2)
      for (const kind of readFields(field.bytes)) {
        if (kind.number !== 1) continue;
        for (const part of readFields(kind.bytes)) {
          if (part.number === 1) type = Number(readIntegers(part)[0] ?? 0n);
          else if (part.number === 2) dimensions = readShape(part.bytes);
        }
      }
  }
  return { name, type, dimensions };
}

function readShape(bytes: Uint8Array): (number | string)[] {
  const dimensions: (number | string)[] = [];
  for (const field of readFields(bytes)) {
    if (field.number !== 1) continue;
    let size: number | string = "";
    for (const part of readFields(field.bytes)) {
      if (part.number === 1) size = Number(BigInt.asIntN(64, part.integer));
      else if (part.number === 2) size = text(part.bytes);
    }
    // Exporters write "any size" as −1 or 0 as well.
    dimensions.push(typeof size === "number" && size <= 0 ? "" : size);
  }
  return dimensions;
}

function readOpset(bytes: Uint8Array): [string, number] {
  let domain = "";
  let version = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 1) domain = text(field.bytes);
    else if (field.number === 2) version = Number(BigInt.asIntN(64, field.integer));
  }
  return [domain, version];
}

function readProperty(bytes: Uint8Array): [string, string] {
  let key = "";
  let value = "";
  for (const field of readFields(bytes)) {
    if (field.number === 1) key = text(field.bytes);
    else if (field.number === 2) value = text(field.bytes);
  }
  return [key, value];
}

function text(bytes: Uint8Array): string {
  const decoded = decodeUtf8(bytes);
  if (decoded === undefined) throw new WireProblem("a name is no UTF-8");
  return decoded;
}
