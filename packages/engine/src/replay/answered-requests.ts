/**
 * What a recorded run was answered: every result of its log beside the request that it answers. A log holds no
 * requests, so the run is executed again to obtain them, and its commits must agree with the log.
 */

import type { AgentId } from "@wasm-engine/abi";
import type { ExternalRequest, InputBody } from "@wasm-engine/core";
import { fail } from "../world/errors.js";
import { answererOf, noteSwap } from "../inference/model-swaps.js";
import type { ModelSwap } from "../inference/model-swaps.js";
import { requestKey } from "../inference/request-key.js";
import { compareCommits, playTick } from "./play.js";
import { openTrack } from "./track.js";
import type { RecordedRun } from "./track.js";

/** A last answer as the log has it. */
export type LoggedResult = Extract<InputBody, { readonly kind: "result" }>;

export interface AnsweredRequest {
  readonly agentId: AgentId;
  readonly request: ExternalRequest;
  /** Model or tool that answered: another than the request names where models were swapped. */
  readonly answeredBy: string;
  readonly result: LoggedResult;
  /** Tick at which the answer entered. */
  readonly tick: number;
}

type Asked = Pick<AnsweredRequest, "agentId" | "request" | "answeredBy">;

/** The answers in the order of the log. @throws {WE_RUN_DIVERGED} */
export function* answeredRequests(run: RecordedRun): Generator<AnsweredRequest> {
  const track = openTrack(run, undefined);
  try {
    const open = new Map<string, Asked>();
    const swaps: ModelSwap[] = [];
    for (const entry of run.log.ticks(-1)) {
      if (entry.commit === undefined) break;
      for (const input of entry.inputs) {
        const { body } = input;
        noteSwap(swaps, input);
        if (body.kind !== "result" || !body.last) continue;
        const key = requestKey(body.agent, body.requestId);
        const asked = open.get(key);
        open.delete(key);
        if (asked !== undefined) yield { ...asked, result: body, tick: entry.tick };
      }
      const { commit, requests } = playTick(track, entry, undefined);
      const difference = compareCommits(entry.commit, commit);
      if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
      for (const request of requests) {
        const agentId = track.world.idOf(request.agent);
        // Nobody waits for what an agent asked that has ended.
        if (agentId !== undefined)
          open.set(requestKey(request.agent, request.requestId), {
            agentId,
            request,
            answeredBy: answererOf(swaps, request),
          });
      }
    }
  } finally {
    track.close();
  }
}
