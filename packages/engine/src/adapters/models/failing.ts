/**
 * An adapter that fails on purpose: to see what a world does then. What it answers is a function of the request, so a
 * resumed run meets the same failures.
 */

import { Encoding, encodeUtf8, unreachable } from "@wasm-engine/abi";
import { canonicalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { sha256Hex } from "../../crypto/node-crypto.js";
import { failure, jsonAnswer } from "../answers.js";
import { bodyOf } from "../../world/payload.js";
import type { Adapter, AdapterAnswer, AdapterRequest, CreateAdapter, FailingSetup } from "../contract.js";
import { reasonOf } from "./http-exchange.js";
import { chatAnswer, readModelRequest, textOf } from "./model-request.js";

export const createAdapter: CreateAdapter<FailingSetup> = (setup) => {
  const { how, code, message } = setup;
  const adapter: Adapter = {
    identity: sha256Hex(Buffer.from(canonicalJson({ kind: "failing", how, code, message }))),
    answer(request, { signal }) {
      if (how !== "hang") return Promise.resolve(failingAnswer(setup, request));
      // Nobody answers; whoever waits gives up at the limit of the call.
      return new Promise((_resolve, reject) => {
        const give = (): void => reject(reasonOf(signal));
        if (signal.aborted) give();
        else signal.addEventListener("abort", give, { once: true });
      });
    },
  };
  return Promise.resolve(adapter);
};

/** What a failing model or tool answers. */
function failingAnswer(
  { how, code, message }: Pick<FailingSetup, "how" | "code" | "message">,
  request: AdapterRequest,
): AdapterAnswer {
  switch (how) {
    case "refuse":
      return failure(code, message);
    case "garble":
      return { ok: true, encoding: Encoding.JSON, payload: encodeUtf8('{"text": "garbled') };
    case "flaky":
      // The seed has random bits: about every second request, each time the same ones.
      return request.seed % 2 === 1 ? failure(code, message, true) : echo(request);
    case "hang":
      return failure("TIMEOUT", message, true);
    default:
      return unreachable(how);
  }
}

/** A model repeats the last message, a tool its input. */
function echo(request: AdapterRequest): AdapterAnswer {
  const body: Json = bodyOf(request) ?? null;
  if (request.kind === "tool") return jsonAnswer(body);
  const read = readModelRequest(request);
  if (read.kind === "bad") return failure("BAD_INPUT", read.message);
  if (read.kind !== "chat") return jsonAnswer(body);
  const text = textOf(read.messages.at(-1) ?? {});
  return chatAnswer({ text, finishReason: "stop", promptTokens: null, completionTokens: null });
}
