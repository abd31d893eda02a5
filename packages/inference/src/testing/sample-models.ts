/** Models and folders that tests are made of. Weights are seeded: every machine gets the same files. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Encoding, TensorType, encodeTensors } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { TensorRequest, TensorResponse } from "@wasm-engine/core";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { float32Tensor, int, ints, writeOnnxModel } from "../onnx/index.js";
import type { OnnxModel, OnnxNode, OnnxTensor } from "../onnx/index.js";

const FLOAT32 = TensorType.FLOAT32;

/** A model with a float32 input `x` [first, columns] and one output per name, [first, its columns]. */
export function rowModel(
  nodes: readonly OnnxNode[],
  {
    columns,
    outputs = [["y", "?"]],
    initializers = [],
    first = "batch",
    opsets = { "": 17 },
  }: {
    readonly columns: number | string;
    readonly outputs?: readonly (readonly [string, number | string])[];
    readonly initializers?: readonly OnnxTensor[];
    readonly first?: number | string;
    readonly opsets?: Readonly<Record<string, number>>;
  },
): Uint8Array {
  return writeOnnxModel({
    graphName: "sample",
    opsets,
    inputs: [{ name: "x", type: FLOAT32, dimensions: [first, columns] }],
    outputs: outputs.map(([name, width]) => ({
      name,
      type: FLOAT32,
      dimensions: [first, width === "?" ? "columns" : width],
    })),
    initializers,
    nodes,
  });
}

export function weights(seed: number, name: string, ...dimensions: readonly number[]): OnnxTensor {
  const count = dimensions.reduce((product, size) => product * size, 1);
  return float32Tensor(name, dimensions, new SeededNumbers(seed).floats(count));
}

interface MlpOptions {
  readonly columns?: number;
  readonly hidden?: number;
  readonly classes?: number;
  readonly first?: number | string;
}

/** Two layers and a softmax: the kind of model that agents ask most. */
export function mlp({ columns = 4, hidden = 16, classes = 3, first = "batch" }: MlpOptions = {}): Uint8Array {
  return rowModel(
    [
      { operator: "Gemm", inputs: ["x", "w1", "b1"], outputs: ["h"] },
      { operator: "Relu", inputs: ["h"], outputs: ["r"] },
      { operator: "Gemm", inputs: ["r", "w2", "b2"], outputs: ["logits"] },
      { operator: "Softmax", inputs: ["logits"], outputs: ["y"], attributes: { axis: int(-1) } },
    ],
    {
      columns,
      first,
      outputs: [["y", classes]],
      initializers: [
        weights(1, "w1", columns, hidden),
        weights(2, "b1", hidden),
        weights(3, "w2", hidden, classes),
        weights(4, "b2", classes),
      ],
    },
  );
}

/** Functions of single elements whose vector loops treat the end of a buffer differently (native kernels). */
export function softplusMean(columns: number): Uint8Array {
  return rowModel(
    [
      { operator: "Softplus", inputs: ["x"], outputs: ["s"] },
      {
        operator: "ReduceMean",
        inputs: ["s"],
        outputs: ["m"],
        attributes: { axes: ints(-1), keepdims: int(1) },
      },
      { operator: "Mul", inputs: ["s", "m"], outputs: ["y"] },
    ],
    { columns, outputs: [["y", columns]] },
  );
}

/** Quantises by the largest value of the whole batch: rows always change each other. */
export function batchScaled(columns: number): Uint8Array {
  return rowModel(
    [
      { operator: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "scale", "zero"] },
      { operator: "DequantizeLinear", inputs: ["q", "scale", "zero"], outputs: ["y"] },
    ],
    { columns, outputs: [["y", columns]] },
  );
}

/** 4-bit weights: native kernels have another one for a single row. */
export function fourBit(columns = 64, classes = 24): Uint8Array {
  const [bits, block] = [4, 32];
  const blocks = columns / block;
  const random = new SeededNumbers(9);
  const packed = Uint8Array.from({ length: (classes * columns * bits) / 8 }, () => random.next() & 255);
  return rowModel(
    [
      {
        operator: "MatMulNBits",
        domain: "com.microsoft",
        inputs: ["x", "b", "s"],
        outputs: ["y"],
        attributes: {
          K: int(columns),
          N: int(classes),
          bits: int(bits),
          block_size: int(block),
          accuracy_level: int(0),
        },
      },
    ],
    {
      columns,
      outputs: [["y", classes]],
      opsets: { "": 17, "com.microsoft": 1 },
      initializers: [
        {
          name: "b",
          type: TensorType.UINT8,
          dimensions: [classes, blocks, (block * bits) / 8],
          data: packed,
        },
        weights(10, "s", classes * blocks),
      ],
    },
  );
}

export const identityModel = (model: Partial<OnnxModel> = {}): Uint8Array =>
  writeOnnxModel({
    graphName: "identity",
    opsets: { "": 17 },
    inputs: [{ name: "x", type: FLOAT32, dimensions: ["batch", 2] }],
    outputs: [{ name: "y", type: FLOAT32, dimensions: ["batch", 2] }],
    initializers: [],
    nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
    ...model,
  });

/** The same model with its float32 constants in a file beside it, as large exports have them. */
export function withWeightsApart(
  model: OnnxModel,
  file: string,
): { readonly model: Uint8Array; readonly data: Uint8Array } {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const initializers = model.initializers.map((tensor) => {
    // The runtime looks into scalars while it optimises, and exporters leave them where they are.
    if (tensor.type !== FLOAT32 || tensor.dimensions.length === 0) return tensor;
    const moved = { ...tensor, elsewhere: { file, offset } };
    chunks.push(tensor.data);
    offset += tensor.data.length;
    return moved;
  });
  return { model: writeOnnxModel({ ...model, initializers }), data: Buffer.concat(chunks) };
}

/** A folder of its own that ends with the test; files by path. */
export class ModelFolder {
  readonly path: string;

  constructor(files: Readonly<Record<string, Uint8Array | string | object>>) {
    this.path = mkdtempSync(join(tmpdir(), "we-model-"));
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  write(name: string, content: Uint8Array | string | object): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    const plain = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(path, plain ? content : JSON.stringify(content));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A folder with the manifest that most tests need. */
export function folderOf(model: Uint8Array, manifest: Readonly<Record<string, unknown>> = {}): ModelFolder {
  return new ModelFolder({
    "model.json": { name: "sample", version: "1.0.0", file: "model.onnx", ...manifest },
    "model.onnx": model,
  });
}

export function floatBlock(dimensions: readonly number[], values: readonly number[], name = ""): TensorBlock {
  return { name, type: FLOAT32, dimensions, data: float32Tensor("x", dimensions, values).data };
}

export const tensorRequest = (...tensors: readonly TensorBlock[]): TensorRequest => ({
  encoding: Encoding.TENSOR,
  payload: encodeTensors(tensors),
});

export const jsonRequest = (value: unknown): TensorRequest => ({
  encoding: Encoding.JSON,
  payload: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
});

/** One-row requests of seeded values. */
export function rowRequests(count: number, columns: number, seed = 5): readonly TensorRequest[] {
  const random = new SeededNumbers(seed);
  return Array.from({ length: count }, (_, row) =>
    tensorRequest(
      floatBlock(
        [1, columns],
        random.floats(columns).map((value) => value * 2 ** (row % 4)),
      ),
    ),
  );
}

/** Hex of an answer, or its message: what tests compare. */
export function answerText(response: TensorResponse | undefined): string {
  if (response === undefined) return "no response";
  return response.ok ? Buffer.from(response.payload).toString("hex") : response.message;
}

/** The value of a JSON answer. */
export function answerJson(response: TensorResponse | undefined): unknown {
  return response?.ok === true
    ? JSON.parse(Buffer.from(response.payload).toString("utf8"))
    : answerText(response);
}
