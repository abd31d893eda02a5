/**
 * A model or tool that answers as another run was answered, by content: the run is executed again when the world opens,
 * and every answer of its log is kept with the request that it answers. What that run has not asked is not answered.
 */

import { EngineError } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { canonicalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { unpackTemporarily } from "../../bundle/open-bundle.js";
import { sha256Hex } from "../../crypto/node-crypto.js";
import { answeredRequests } from "../../replay/answered-requests.js";
import type { LoggedResult } from "../../replay/answered-requests.js";
import { openRecordedRun } from "../../replay/track.js";
import { isFolder } from "../../storage/path-kind.js";
import { unstreamed } from "../answer-reuse.js";
import { failure } from "../answers.js";
import { bodyOf } from "../../world/payload.js";
import type { Adapter, AdapterAnswer, AdapterRequest, CreateAdapter, RecordedSetup } from "../contract.js";
import { requestSeed } from "../request-seed.js";
import { modelAdapterError } from "./errors.js";
import { isMap, sendWhole } from "./model-request.js";

/** @throws {WE_RECORDING_READ} */
export const createAdapter: CreateAdapter<RecordedSetup> = ({ path, serves, name }) => {
  const answers = recordingOf(path, serves, name);
  const adapter: Adapter = {
    identity: sha256Hex(Buffer.from([...answers.keys()].sort().join())),
    answer(request, call) {
      const answer = answerIn(answers, request);
      sendWhole(request, call, answer);
      return Promise.resolve(answer);
    },
  };
  return Promise.resolve(adapter);
};

/** The first answer under each key; keys go from particular to general. */
type Recording = ReadonlyMap<string, AdapterAnswer>;

function recordingOf(path: string, serves: RecordedSetup["serves"], name: string): Recording {
  const place = isFolder(path) ? { dir: path, remove: () => undefined } : unpacked(path, name);
  try {
    const run = openRecordedRun(place.dir);
    const answers = new Map<string, AdapterAnswer>();
    for (const { agentId, request, result } of answeredRequests(run)) {
      if (request.kind !== serves || request.name !== name) continue;
      const seed = requestSeed(run.genesis.seed, agentId, request.requestId);
      const answer = loggedAnswer(result);
      for (const key of keysOf({ ...request, agentId, seed }))
        if (!answers.has(key)) answers.set(key, answer);
    }
    return answers;
  } catch (error) {
    throw recordingError(error, path, name);
  } finally {
    place.remove();
  }
}

function unpacked(path: string, name: string): { readonly dir: string; readonly remove: () => void } {
  try {
    return unpackTemporarily(path);
  } catch (error) {
    throw recordingError(error, path, name);
  }
}

function recordingError(error: unknown, path: string, name: string): unknown {
  if (!EngineError.is(error) || error.code === "WE_RECORDING_READ") return error;
  return modelAdapterError("WE_RECORDING_READ", { name, path, cause: error.message, code: error.code });
}

/**
 * What a request is found by: the same request of the same agent with the same seed, then of the same agent, then
 * anybody's. A run that asks one text twice so gets two answers where the recorded one had two.
 */
function keysOf({
  agentId,
  seed,
  encoding,
  payload,
}: Pick<AdapterRequest, "seed" | "encoding" | "payload"> & { readonly agentId: AgentId }): readonly string[] {
  const body = bodyOf({ encoding, payload });
  const asked: Json =
    body === undefined ? { bytes: Buffer.from(payload).toString("base64") } : unstreamed(body);
  const keys: readonly Json[] = [{ agentId, seed, asked }, { agentId, asked }, { asked }];
  return keys.map((key) => sha256Hex(Buffer.from(canonicalJson({ ...(isMap(key) ? key : {}), encoding }))));
}

function answerIn(answers: Recording, request: AdapterRequest): AdapterAnswer {
  for (const key of keysOf(request)) {
    const answer = answers.get(key);
    if (answer !== undefined) return answer;
  }
  return failure(
    "FAILED",
    `the recorded run has no answer of "${request.name}" to this request: not recorded`,
  );
}

/** What the world was given then: a failure is a failure again. */
function loggedAnswer({ ok, encoding, payload }: LoggedResult): AdapterAnswer {
  if (ok) return { ok, encoding, payload };
  const said = bodyOf({ encoding, payload });
  const { code, message, retryable } = isMap(said) ? said : {};
  return failure(
    typeof code === "string" ? code : "FAILED",
    typeof message === "string" ? message : "the recorded request failed",
    retryable === true,
  );
}
