/**
 * Texts of earlier runs, taken where an equal request was answered: the same fingerprint of the model, the same request
 * whatever the order of its members, and the same seed where the text is a sample. What is heard of a kept text is what
 * was heard when it was written, so its ticks are the same.
 */

import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import { canonicalJson } from "@wasm-engine/core";
import type { Json, TensorRequest, TensorResponse, TextEvents, TextWriting } from "@wasm-engine/core";
import type { AnswerStore } from "../adapters/answer-store.js";
import { isMap } from "../adapters/models/model-request.js";
import { sha256Hex } from "../crypto/node-crypto.js";
import { bodyOf } from "../world/payload.js";

/** Part of every key: another number forgets everything that was kept. */
const formatVersion = 1;

/** {@link TextEvents}, and whether the text was kept. */
export interface KeptTextEvents extends Omit<TextEvents, "end"> {
  end(response: TensorResponse, text: string, isKept: boolean): void;
}

/** What is kept of one text. */
interface KeptText {
  /** Tokens of the prompt. */
  readonly prompt: number;
  /** What each part showed, the last one included. */
  readonly parts: readonly string[];
  readonly answer: string;
}

export interface WrittenRequest {
  readonly request: TensorRequest;
  /** Of the model as it is now. */
  readonly fingerprint: string;
  /** Tokens of a part. */
  readonly tokensPerTick: number;
}

type WriteText = (request: TensorRequest, events: TextEvents) => TextWriting;

export class KeptTexts {
  readonly #store: AnswerStore;
  readonly #asksAnew: boolean;

  /** `asksAnew`: nothing is taken, and what comes is kept. */
  constructor(store: AnswerStore, asksAnew: boolean) {
    this.#store = store;
    this.#asksAnew = asksAnew;
  }

  /** Has a text written, unless it is kept; then everything of it is heard before this returns. */
  write(written: WrittenRequest, events: KeptTextEvents, write: WriteText): TextWriting {
    const key = keyOf(written);
    const kept = this.#asksAnew ? undefined : keptText(this.#store.get(key)?.payload);
    if (kept !== undefined) {
      tell(kept, events);
      return { cancel: () => undefined };
    }
    let promptTokens = 0;
    const parts: string[] = [];
    return write(written.request, {
      prompt: (tokens) => {
        promptTokens = tokens;
        events.prompt(tokens);
      },
      part: (text) => {
        parts.push(text);
        events.part(text);
      },
      end: (response, text) => {
        if (response.ok) {
          const answer = decodeUtf8(response.payload) ?? "";
          const whole: KeptText = { prompt: promptTokens, parts: [...parts, text], answer };
          this.#store.put(key, { encoding: Encoding.JSON, payload: encodeUtf8(JSON.stringify(whole)) });
        }
        events.end(response, text, false);
      },
    });
  }
}

function tell({ prompt, parts, answer }: KeptText, events: KeptTextEvents): void {
  events.prompt(prompt);
  for (const text of parts.slice(0, -1)) events.part(text);
  const response = { ok: true, encoding: Encoding.JSON, payload: encodeUtf8(answer) } as const;
  events.end(response, parts.at(-1) ?? "", true);
}

/** `stream` is part of it: without the wish for parts nobody has heard what they show. */
function keyOf({ request, fingerprint, tokensPerTick }: WrittenRequest): string {
  const { encoding, payload, seed = 0 } = request;
  const body = bodyOf(request);
  const asked: Json = body ?? { bytes: Buffer.from(payload).toString("base64") };
  const drawn = isSampled(body) ? { seed } : {};
  // Absent for the usual ones, as in what earlier releases have kept.
  const borders = tokensPerTick === 8 ? {} : { tokensPerTick };
  const whole: Json = {
    version: formatVersion,
    kind: "text",
    fingerprint,
    encoding,
    asked,
    ...drawn,
    ...borders,
  };
  return sha256Hex(Buffer.from(canonicalJson(whole)));
}

/** At temperature 0, the default, nothing is drawn. */
function isSampled(body: Json | undefined): boolean {
  if (!isMap(body)) return false;
  const { temperature = 0 } = body;
  return temperature !== 0 && temperature !== null;
}

/** What {@link KeptTexts.write} has kept; the store's digest says that it is whole. */
function keptText(payload: Uint8Array | undefined): KeptText | undefined {
  return payload === undefined ? undefined : (JSON.parse(decodeUtf8(payload) ?? "null") as KeptText);
}
