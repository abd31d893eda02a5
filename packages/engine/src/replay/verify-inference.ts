/**
 * Asks the models of a recorded run again and compares their answers with those of the log: bit for bit where the
 * fingerprint is the recorded one, by tolerance where it is another. The requests come from executing the run again.
 */

import { join } from "node:path";
import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { InferenceService, TensorResponse } from "@wasm-engine/core";
import { requestSeed } from "../adapters/request-seed.js";
import { compareAnswers } from "../inference/answer-comparison.js";
import type { ComparedAnswer } from "../inference/answer-comparison.js";
import { specOf } from "../inference/model-spec.js";
import { modelsOf } from "../inference/noted-models.js";
import { createService, inferencePackage } from "../inference/service-module.js";
import { readSetup } from "../world/run-store.js";
import type { InferenceVerification, ModelVerification } from "./replay-contract.js";
import { answeredRequests } from "./answered-requests.js";
import type { LoggedResult, AnsweredRequest } from "./answered-requests.js";
import type { RecordedRun } from "./track.js";

type Recorded = Pick<AnsweredRequest, "agentId" | "tick" | "request" | "answeredBy" | "result">;

interface Sums {
  compared: number;
  identical: number;
  withinTolerance: number;
  different: number;
  notCompared: number;
  firstDifference?: InferenceVerification["firstDifference"];
}

/** Answers compared at a time: bounds what is held in memory. */
const answersPerRound = 4096;

/** @throws {WE_RUN_DIVERGED} and what loading the models throws */
export async function verifyInference(run: RecordedRun, service?: string): Promise<InferenceVerification> {
  const setup = readSetup(run.dir);
  const adapter = await createService(service ?? inferencePackage, {
    nativeFrom: [join(setup.baseDirectory, ".wasm-engine", "native"), setup.baseDirectory],
    strict: false,
  });
  try {
    const { fingerprints } = modelsOf(run.sideRecords());
    const models = new Map<string, ModelVerification>();
    for (const model of setup.models ?? []) {
      const { fingerprint, provider } = await adapter.load(specOf(model));
      const recorded = [...(fingerprints.get(model.name) ?? [])];
      const isSame = recorded.length === 1 && recorded[0] === fingerprint;
      models.set(model.name, {
        name: model.name,
        provider,
        recorded,
        fingerprint,
        compared: isSame ? "bits" : "tolerance",
      });
    }
    const sums: Sums = { compared: 0, identical: 0, withinTolerance: 0, different: 0, notCompared: 0 };
    const { seed } = run.genesis;
    for (const round of rounds(run)) await compareRound(adapter, { round, models, sums, seed });
    return { ...sums, models: [...models.values()] };
  } finally {
    await adapter.close();
  }
}

/** Answers of models in the order of the log, so many at a time. */
function* rounds(run: RecordedRun): Generator<readonly Recorded[]> {
  let round: Recorded[] = [];
  for (const recorded of answeredRequests(run)) {
    if (recorded.request.kind !== "inference") continue;
    round.push(recorded);
    if (round.length < answersPerRound) continue;
    yield round;
    round = [];
  }
  yield round;
}

interface RoundParts {
  readonly round: readonly Recorded[];
  readonly models: ReadonlyMap<string, ModelVerification>;
  readonly sums: Sums;
  /** Seed of the world, which texts are drawn with. */
  readonly seed: number;
}

/** One batch per model and tick of request, as the run asked. */
async function compareRound(
  adapter: InferenceService,
  { round, models, sums, seed }: RoundParts,
): Promise<void> {
  const batches = new Map<string, Recorded[]>();
  for (const recorded of round) {
    const { answeredBy: name } = recorded;
    const { tick } = recorded.request;
    if (!models.has(name) || isHostFailure(recorded.result)) {
      sums.notCompared += 1;
      continue;
    }
    const batch = batches.get(`${tick}:${name}`);
    if (batch === undefined) batches.set(`${tick}:${name}`, [recorded]);
    else batch.push(recorded);
  }
  for (const batch of batches.values()) {
    const model = models.get(batch[0]?.answeredBy ?? "");
    if (model === undefined) continue;
    const { responses } = await adapter.run(
      model.name,
      batch.map(({ agentId, request }) => ({
        ...request,
        seed: requestSeed(seed, agentId, request.requestId),
      })),
    );
    batch.forEach((recorded, index) => {
      const response = responses[index];
      if (response !== undefined) count(sums, { model, recorded, response });
    });
  }
}

/** What a dead thread or an answer too large for a message left is no answer of the model. */
function isHostFailure({ ok, payload }: LoggedResult): boolean {
  return !ok && /"retryable":true|which no message holds/.test(Buffer.from(payload).toString());
}

interface Comparison {
  readonly model: ModelVerification;
  readonly recorded: Recorded;
  readonly response: TensorResponse;
}

function count(sums: Sums, { model, recorded, response }: Comparison): void {
  const { tick, request, result } = recorded;
  const verdict = compareAnswers(result, asResult(response));
  sums.compared += 1;
  if (verdict.kind === "identical") {
    sums.identical += 1;
    return;
  }
  const isExact = model.compared === "bits";
  if (verdict.kind === "close") sums.withinTolerance += 1;
  if (verdict.kind === "close" && !isExact) return;
  sums.different += 1;
  const detail = verdict.kind === "different" ? verdict.detail : "other bits, within the tolerance";
  const { agent, requestId } = request;
  sums.firstDifference ??= { tick, agent, requestId, model: model.name, detail };
}

/** As the engine would have logged it. */
function asResult(response: TensorResponse): ComparedAnswer {
  if (response.ok) return response;
  const { message, code = "FAILED" } = response;
  const payload = encodeUtf8(JSON.stringify({ code, message, retryable: false }));
  return { ok: false, encoding: Encoding.JSON, payload };
}
