/**
 * Answers the requests of one call on one loaded model. A request that is wrong, or that the model cannot take, is
 * answered as failed and disturbs no other; a provider that is broken ends the call, and the caller finds another.
 */

import { EngineError, assert, elementBytes } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { TensorRequest, TensorResponse } from "@wasm-engine/core";
import { planGroups } from "../batch/batch-plan.js";
import type { Group } from "../batch/batch-plan.js";
import { rowCount, runAlone, runJoined } from "../batch/joined-run.js";
import type { Inputs } from "../batch/joined-run.js";
import { testShape } from "../batch/self-test.js";
import type { Encoder } from "../encoder/encoder.js";
import { isEncoderRequest } from "../encoder/encoder-request.js";
import { testedShapesMax } from "../limits.js";
import { failed, writeAnswer } from "../request/answer-writer.js";
import { readRequest } from "../request/request-reader.js";
import type { ReadRequest } from "../request/request-reader.js";
import { reasonOf } from "./load-model.js";
import type { LoadedModel } from "./load-model.js";

/** Shapes of requests that were tested since the model was loaded: whether their rows can be joined. */
export type TestedShapes = Map<string, boolean>;

/** The provider no longer answers what it answered when the model was loaded. */
export class ProviderBroken extends Error {}

export interface AnswerContext {
  readonly model: LoadedModel;
  readonly tested: TestedShapes;
  readonly answerBytesMax: number;
}

/** One response per request, index by index. Rejects with {@link ProviderBroken}. */
export async function answerRequests(
  context: AnswerContext,
  requests: readonly TensorRequest[],
): Promise<readonly TensorResponse[]> {
  const { model, answerBytesMax } = context;
  const responses: (TensorResponse | undefined)[] = requests.map(() => undefined);
  const accepted: { readonly index: number; readonly request: ReadRequest }[] = [];
  const { encoder } = model;
  const texts = encoder === undefined ? [] : indicesOf(requests, isEncoderRequest);
  const isText = new Set(texts);
  if (encoder !== undefined && texts.length > 0) {
    const answers = await answerTexts(
      context,
      encoder,
      texts.flatMap((index) => requests[index] ?? []),
    );
    texts.forEach((index, position) => (responses[index] = answers[position]));
  }
  requests.forEach((request, index) => {
    if (isText.has(index)) return;
    const read = readRequest(request, model.shape);
    const problem = typeof read === "string" ? read : tooLarge(context, read.tensors);
    if (problem !== undefined) responses[index] = failed(problem);
    else if (typeof read !== "string") accepted.push({ index, request: read });
  });
  const inputs = accepted.map(({ request }) => request.tensors);
  for (const group of planGroups(inputs, model.facts.batchMode, model.rowsMax)) {
    const answers = await answerGroup(context, inputs, group);
    group.members.forEach((member, position) => {
      const { index, request } = accepted[member] ?? { index: -1, request: undefined };
      const outputs = answers[position];
      assert(request !== undefined && outputs !== undefined, "every member of a group has an answer");
      responses[index] =
        typeof outputs === "string" ? failed(outputs) : writeAnswer(request, outputs, answerBytesMax);
    });
  }
  return responses.map((response) => response ?? failed("the request was not answered"));
}

/** All together; where that fails, each by itself, so that nobody's text is another's failure. */
async function answerTexts(
  context: AnswerContext,
  encoder: Encoder,
  requests: readonly TensorRequest[],
): Promise<readonly TensorResponse[]> {
  try {
    return await encoder.answer(requests, context.answerBytesMax);
  } catch (cause) {
    await expectHealth(context, cause);
  }
  const answers: TensorResponse[] = [];
  for (const request of requests) {
    try {
      answers.push(...(await encoder.answer([request], context.answerBytesMax)));
    } catch (cause) {
      await expectHealth(context, cause);
      answers.push(failed("the model cannot take these texts"));
    }
  }
  return answers;
}

function indicesOf<Value>(values: readonly Value[], fits: (value: Value) => boolean): readonly number[] {
  return values.flatMap((value, index) => (fits(value) ? [index] : []));
}

type Outputs = readonly TensorBlock[];

/** Outputs of each member, or the text of its failure. */
async function answerGroup(
  context: AnswerContext,
  inputs: readonly Inputs[],
  group: Group,
): Promise<readonly (Outputs | string)[]> {
  const members = group.members.map((member) => inputs[member] ?? []);
  if (members.length > 1 && (await canJoin(context, members, group.key))) {
    try {
      return await runJoined(context.model.session, members);
    } catch (cause) {
      await expectHealth(context, cause);
    }
  }
  const answers: (Outputs | string)[] = [];
  for (const member of members) answers.push(await answerOne(context, member));
  return answers;
}

async function answerOne(context: AnswerContext, inputs: Inputs): Promise<Outputs | string> {
  const { session, facts } = context.model;
  try {
    if (facts.batchMode !== "min-2-rows" || rowCount(inputs) !== 1) return await runAlone(session, inputs);
    const [first] = await runJoined(session, [inputs, inputs]);
    assert(first !== undefined, "a run answers its first member");
    return first;
  } catch (cause) {
    await expectHealth(context, cause);
    return "the model cannot take these values";
  }
}

/** After a failed run: a healthy provider puts the blame on the request. */
async function expectHealth({ model }: AnswerContext, cause: unknown): Promise<void> {
  if (EngineError.is(cause)) throw cause;
  if (!(await model.isHealthy())) throw new ProviderBroken(reasonOf(cause));
}

/** A model with open dimensions is tested for each shape that it is asked in. Other modes need no second look. */
async function canJoin(
  { model, tested }: AnswerContext,
  members: readonly Inputs[],
  key: string,
): Promise<boolean> {
  const [like] = members;
  if (!model.shape.manyShapes || like === undefined) return true;
  const known = tested.get(key);
  if (known !== undefined) return known;
  const found = await testShape(model.session, like, model.rowsMax);
  const [oldest] = tested.keys();
  if (tested.size >= testedShapesMax && oldest !== undefined) tested.delete(oldest);
  tested.set(key, found);
  return found;
}

/** Known before the run where a model's outputs have one row per input row and fixed sizes otherwise. */
function tooLarge({ model, answerBytesMax }: AnswerContext, inputs: Inputs): string | undefined {
  const rows = rowCount(inputs);
  if (!model.shape.joinable || rows === undefined) return undefined;
  let bytes = 0;
  for (const { type, dimensions } of model.shape.outputs) {
    const [first, ...rest] = dimensions ?? [];
    if (typeof first !== "string") continue;
    bytes += rest.reduce<number>(
      (size, next) => size * (typeof next === "number" ? next : 0),
      rows * elementBytes(type),
    );
  }
  return bytes > answerBytesMax
    ? `the answer has at least ${bytes} bytes, at most ${answerBytesMax} fit`
    : undefined;
}
