/**
 * Finds out, by running a model on seeded inputs, whether a row's answer depends on the rows beside it. Kernels differ
 * in this by processor, version and width, so nobody can know it beforehand. The result decides how requests are
 * joined; it is the same whenever and wherever the same kernels are tested.
 */

import { EngineError, TensorType, assert, elementBytes, elementCount, limits } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { BatchMode } from "@wasm-engine/core";
import type { ModelShape, Port } from "../model/model-shape.js";
import { isAllNaN } from "../request/canonical-nan.js";
import { halfBits } from "../request/element-value.js";
import type { OnnxSession } from "../runtime/onnx-runtime.js";
import { runAlone, runJoined } from "./joined-run.js";
import type { Inputs } from "./joined-run.js";
import { SeededNumbers } from "./seeded-numbers.js";

/** An input that the model answered when it was loaded, and the answer. */
export interface Canary {
  readonly inputs: Inputs;
  readonly outputs: readonly TensorBlock[];
}

export interface SelfTestResult {
  readonly mode: BatchMode;
  /** Undefined where the model takes no seeded input, token ids out of its vocabulary for example. */
  readonly canary: Canary | undefined;
  /** An output that was NaN throughout, for every input tried. */
  readonly deadOutput: string | undefined;
}

/** Rows of the pool: sizes of batches start at different ones, so each row stands at many positions. */
const poolRows = 16;
/** Sizes tried for dimensions besides the first that a model leaves open. */
const openSizes = [4, 7] as const;
/** Around the widths in which kernels take rows: powers of two, and 6 and 12 for wide registers. */
const batchSizes = [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 24, 31, 33, 47, 63, 64] as const;

/** Tests a model at load. `rowsMax` is the largest batch that will be made of it. */
export async function selfTest(
  session: OnnxSession,
  shape: ModelShape,
  rowsMax: number,
): Promise<SelfTestResult> {
  const rank = shape.inputs.every(({ dimensions }) => dimensions !== undefined);
  if (!rank) return { mode: "serial", canary: undefined, deadOutput: undefined };
  const canary = await firstAnswer(session, shape);
  if (canary === undefined) return { mode: "serial", canary, deadOutput: undefined };
  const deadOutput = canary.outputs.find(isAllNaN)?.name;
  if (deadOutput !== undefined && (await alwaysNaN(session, shape, deadOutput)))
    return { mode: "serial", canary, deadOutput };
  if (!shape.joinable) return { mode: "serial", canary, deadOutput: undefined };
  let mode: BatchMode = "exact";
  for (const size of shape.manyShapes ? openSizes : [1])
    if (mode === "exact" && isAskable(shape, size))
      mode = await testRows(session, poolOf(shape, size), rowsMax);
  // Padding to two rows changes bits: it is a rule for a whole model, and shapes are found one by one.
  if (mode === "min-2-rows" && shape.manyShapes) mode = "serial";
  return { mode, canary, deadOutput: undefined };
}

/** For one shape of a model with open dimensions: whether rows of that shape can be joined without changing a bit. */
export async function testShape(session: OnnxSession, like: Inputs, rowsMax: number): Promise<boolean> {
  const pool = Array.from({ length: poolRows }, (_, row) =>
    like.map(({ name, type, dimensions }) =>
      seededTensor({ name, type, dimensions: [1, ...dimensions.slice(1)] }, row),
    ),
  );
  return (await testRows(session, pool, rowsMax)) === "exact";
}

/** Whether the model still answers the canary as it did. */
export async function isHealthy(session: OnnxSession, { inputs, outputs }: Canary): Promise<boolean> {
  try {
    return sameTensors(await runAlone(session, inputs), outputs);
  } catch {
    return false;
  }
}

/** How rows of the shape of `pool` can be joined without changing a bit of any. */
export async function testRows(
  session: OnnxSession,
  pool: readonly Inputs[],
  rowsMax: number,
): Promise<BatchMode> {
  try {
    const alone: (readonly TensorBlock[])[] = [];
    for (const inputs of pool) alone.push(await runAlone(session, inputs));
    if (await batchesEqual(session, pool, { expected: alone, rowsMax })) return "exact";
    const paired: (readonly TensorBlock[])[] = [];
    for (const inputs of pool) {
      const [first, second] = await runJoined(session, [inputs, inputs]);
      assert(first !== undefined && second !== undefined, "two rows give two answers");
      if (!sameTensors(first, second)) return "serial";
      paired.push(first);
    }
    return (await batchesEqual(session, pool, { expected: paired, rowsMax })) ? "min-2-rows" : "serial";
  } catch (cause) {
    if (EngineError.is(cause)) throw cause;
    // A batch that the model refuses, or whose rows get lost, is a reason not to make batches.
    return "serial";
  }
}

async function batchesEqual(
  session: OnnxSession,
  pool: readonly Inputs[],
  { expected, rowsMax }: { readonly expected: readonly (readonly TensorBlock[])[]; readonly rowsMax: number },
): Promise<boolean> {
  for (const size of batchSizes) {
    if (size > rowsMax) break;
    const members = Array.from({ length: size }, (_, position) => (position * 5 + size) % pool.length);
    const answers = await runJoined(
      session,
      members.map((member) => pool[member] ?? []),
    );
    const equal = answers.every((answer, position) =>
      sameTensors(answer, expected[members[position] ?? 0] ?? []),
    );
    if (!equal) return false;
  }
  return true;
}

async function firstAnswer(session: OnnxSession, shape: ModelShape): Promise<Canary | undefined> {
  for (const size of shape.manyShapes ? openSizes : [1]) {
    if (!isAskable(shape, size)) continue;
    const [inputs] = poolOf(shape, size);
    if (inputs === undefined) continue;
    try {
      return { inputs, outputs: await runAlone(session, inputs) };
    } catch {
      // The next size may suit it; a model that takes none has no canary.
    }
  }
  return undefined;
}

async function alwaysNaN(session: OnnxSession, shape: ModelShape, output: string): Promise<boolean> {
  if (!isAskable(shape, openSizes[0])) return false;
  for (const inputs of poolOf(shape, openSizes[0])) {
    try {
      const answer = (await runAlone(session, inputs)).find(({ name }) => name === output);
      if (answer === undefined || !isAllNaN(answer)) return false;
    } catch {
      return false;
    }
  }
  return true;
}

/** Single rows of different magnitudes: what is scaled by the whole batch shows that way. */
function poolOf({ inputs }: ModelShape, openSize: number): readonly Inputs[] {
  return Array.from({ length: poolRows }, (_, row) =>
    inputs.map(({ name, type, dimensions }) =>
      seededTensor({ name, type, dimensions: sizesOf(dimensions, openSize) }, row),
    ),
  );
}

/** Inputs beyond what a request can hold are never asked, so they need neither memory nor a test. */
function isAskable({ inputs }: ModelShape, openSize: number): boolean {
  const bytes = inputs.map(
    ({ type, dimensions }) =>
      sizesOf(dimensions, openSize).reduce((product, size) => product * size, 1) * elementBytes(type),
  );
  return bytes.reduce((sum, size) => sum + size, 0) <= limits.messageBytesMax;
}

function sizesOf(dimensions: Port["dimensions"], openSize: number): readonly number[] {
  return (dimensions ?? []).map((size, axis) =>
    typeof size === "number" ? size : axis === 0 ? 1 : openSize,
  );
}

function seededTensor(
  { name, type, dimensions }: Pick<TensorBlock, "name" | "type" | "dimensions">,
  row: number,
): TensorBlock {
  const random = new SeededNumbers(row * 977 + name.length + 3);
  const scale = 2 ** ((row % 5) - 2);
  const count = elementCount(dimensions);
  const data = new Uint8Array(count * elementBytes(type));
  const view = new DataView(data.buffer);
  const size = elementBytes(type);
  for (let index = 0; index < count; index += 1) {
    const offset = index * size;
    if (type === TensorType.FLOAT32) view.setFloat32(offset, random.float() * scale, true);
    else if (type === TensorType.FLOAT64) view.setFloat64(offset, random.float() * scale, true);
    else if (type === TensorType.FLOAT16) view.setUint16(offset, halfBits(random.float() * scale), true);
    // Whole numbers are mostly ids, counts and masks: 0 and 1 are in range everywhere.
    else view.setUint8(offset, random.next() >>> 31);
  }
  return { name, type, dimensions, data };
}

function sameTensors(left: readonly TensorBlock[], right: readonly TensorBlock[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ dimensions, data }, index) => {
      const other = right[index];
      if (other === undefined || dimensions.join() !== other.dimensions.join()) return false;
      return Buffer.compare(data, other.data) === 0;
    })
  );
}
