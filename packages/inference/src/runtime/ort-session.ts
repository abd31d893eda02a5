/** Sessions of the two packages of ONNX Runtime, which share one interface: bytes to its tensors and back. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, elementBytes } from "@wasm-engine/abi";
import type { TensorBlock, TensorType } from "@wasm-engine/abi";
import type { ProviderName } from "@wasm-engine/core";
import type * as Ort from "onnxruntime-web";
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { elementTypeName, elementTypeOf } from "../model/element-type.js";
import type { ModelWeights, OnnxSession } from "./onnx-runtime.js";
import { sessionOptions } from "./session-options.js";

/** What both packages export, as far as it is used. */
export type OrtModule = Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;

export interface SessionSource {
  readonly model: Uint8Array;
  readonly provider: ProviderName;
  /** Weights in other files. */
  readonly weights?: ModelWeights;
  readonly threads: number;
  /** `folder`: the runtime opens them itself, however large; `memory`: they are read for it, each below 2 GiB. */
  readonly weightsFrom: "folder" | "memory";
}

export async function createOrtSession(ort: OrtModule, source: SessionSource): Promise<OnnxSession> {
  const { model, provider, weights, weightsFrom, threads } = source;
  const apart = weights === undefined || weights.names.length === 0 ? undefined : weights;
  const options = sessionOptions(provider, {
    weightFolder: weightsFrom === "folder" ? apart?.folder : undefined,
    threads,
  });
  if (apart !== undefined && weightsFrom === "memory")
    options.externalData = await Promise.all(
      apart.names.map(async (name) => ({
        path: name,
        data: await readFile(join(apart.folder, ...name.split("/"))),
      })),
    );
  const session = await ort.InferenceSession.create(model, options);
  return {
    outputNames: session.outputNames,
    run: (inputs, wanted = session.outputNames) => runSession(ort, session, { inputs, wanted }),
    dispose: () => session.release(),
  };
}

async function runSession(
  ort: OrtModule,
  session: InferenceSession,
  { inputs, wanted }: { readonly inputs: readonly TensorBlock[]; readonly wanted: readonly string[] },
): Promise<readonly TensorBlock[]> {
  const feeds: Record<string, Tensor> = {};
  for (const input of inputs) feeds[input.name] = toOrt(ort, input);
  // A request that the model refuses comes back as an error; agents must not fill the host's stderr.
  const results = await session.run(feeds, wanted, { logSeverityLevel: 4 });
  return wanted.map((name) => {
    const result = results[name];
    assert(result !== undefined, "a run gives every output that was asked");
    return fromOrt(name, result);
  });
}

type ArrayOfBytes = new (buffer: ArrayBuffer, offset: number, length: number) => Tensor.DataType;

/** 16-bit floats have an array of their own since Node 24, and ONNX Runtime wants it where it is there. */
const halfArray = (globalThis as { readonly Float16Array?: ArrayOfBytes }).Float16Array; // absent before Node 24

const ARRAYS: Readonly<Record<TensorType, ArrayOfBytes>> = {
  1: Float32Array,
  2: Uint8Array,
  3: Int8Array,
  5: Int16Array,
  6: Int32Array,
  7: BigInt64Array,
  9: Uint8Array,
  10: halfArray ?? Uint16Array,
  11: Float64Array,
};

function toOrt(ort: OrtModule, { type, dimensions, data }: TensorBlock): Tensor {
  const size = elementBytes(type);
  // Views must be aligned, and ONNX Runtime takes no shared memory: one copy where either does not hold.
  const plain =
    data.buffer instanceof ArrayBuffer && data.byteOffset % size === 0 ? data : Uint8Array.from(data);
  const { buffer, byteOffset } = plain;
  assert(buffer instanceof ArrayBuffer, "a copy has memory of its own");
  const values = new ARRAYS[type](buffer, byteOffset, data.length / size);
  const create = ort.Tensor as unknown as TensorConstructor; // its overloads tie each type name to one array type
  return new create(elementTypeName(type), values, dimensions);
}

type TensorConstructor = new (type: string, data: Tensor.DataType, dims: readonly number[]) => Tensor;

function fromOrt(name: string, { type, dims, data }: Tensor): TensorBlock {
  const element = elementTypeOf(type);
  assert(element !== undefined && ArrayBuffer.isView(data), `the output "${name}" is a tensor of numbers`);
  return {
    name,
    type: element,
    dimensions: dims,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}
