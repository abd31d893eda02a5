/**
 * Reads of an `.onnx` file what a registry must know before a runtime sees it: operator sets, inputs, outputs,
 * operators used, which other files hold weights. Garbled bytes give a text, never a crash. Reads no weights.
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
  /**
   * Files beside this one that hold weights, as the model names them, and the bytes that each has at least; sorted.
   * A name may be anything: whoever opens the file checks it.
   */
  readonly weightFiles: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
}

interface Graph {
  readonly inputs: OnnxValueInfo[];
  readonly outputs: OnnxValueInfo[];
  readonly operators: Set<string>;
  readonly initializers: Set<string>;
  readonly weightFiles: Map<string, number>;
}

/** Graphs within graphs that are looked into. */
const graphDepthMax = 16;

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
    weightFiles: new Map(),
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
    weightFiles: new Map([...graph.weightFiles].sort(([left], [right]) => (left < right ? -1 : 1))),
    metadata,
  };
}

function readGraph(bytes: Uint8Array, graph: Graph): void {
  for (const field of readFields(bytes)) {
    if (field.number === 1) graph.operators.add(readOperator(field.bytes, graph));
    else if (field.number === 5) graph.initializers.add(readTensor(field.bytes, graph.weightFiles));
    else if (field.number === 11) graph.inputs.push(readValue(field.bytes));
    else if (field.number === 12) graph.outputs.push(readValue(field.bytes));
  }
}

function readOperator(bytes: Uint8Array, graph: Graph): string {
  let operator = "";
  let domain = "";
  for (const field of readFields(bytes)) {
    if (field.number === 4) operator = text(field.bytes);
    else if (field.number === 5) readAttribute(field.bytes, graph.weightFiles, 0);
    else if (field.number === 7) domain = text(field.bytes);
  }
  return domain === "" || domain === "ai.onnx" ? operator : `${domain}:${operator}`;
}

/** Constants of a node and graphs within it may have their data in other files too. */
function readAttribute(bytes: Uint8Array, weightFiles: Map<string, number>, depth: number): void {
  if (depth > graphDepthMax) throw new WireProblem("its graphs are nested too deep");
  for (const { number, bytes: value } of readFields(bytes)) {
    if (number === 5 || number === 10) readTensor(value, weightFiles);
    else if (number === 6 || number === 11)
      for (const part of readFields(value)) {
        if (part.number === 5) readTensor(part.bytes, weightFiles);
        else if (part.number === 1)
          for (const field of readFields(part.bytes))
            if (field.number === 5) readAttribute(field.bytes, weightFiles, depth + 1);
      }
  }
}

/** The tensor's name; notes the file of its data, where that is elsewhere. */
function readTensor(bytes: Uint8Array, weightFiles: Map<string, number>): string {
  let name = "";
  let elsewhere = false;
  const place = new Map<string, string>();
  for (const field of readFields(bytes)) {
    if (field.number === 8) name = text(field.bytes);
    else if (field.number === 13) place.set(...readProperty(field.bytes));
    else if (field.number === 14) elsewhere = field.integer === 1n;
  }
  if (!elsewhere) return name;
  const [offset, length] = [Number(place.get("offset") ?? 0), Number(place.get("length") ?? 0)];
  const whole = Number.isSafeInteger(offset + length) && offset >= 0 && length >= 0;
  if (!whole) throw new WireProblem(`the place of "${name.slice(0, 80)}" is no place in a file`);
  const file = place.get("location") ?? "";
  weightFiles.set(file, Math.max(weightFiles.get(file) ?? 0, offset + length));
  return name;
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
