/**
 * One text under way: the prompt, what was chosen so far, and when it ends. Decides from scores alone; runs no model.
 */

import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { OutputConstraint } from "./format/output-constraint.js";
import { draw } from "./random-draws.js";
import { chooseToken } from "./sampler.js";
import type { SamplingRule } from "./sampling.js";
import { StopStrings } from "./stop-strings.js";
import { TokenStream } from "./token-stream.js";
import type { Tokenizer } from "./tokenizer.js";

export type FinishReason = "stop" | "length" | "cancelled";

export interface TextResult {
  /** Without special tokens, and without the stop string that ended it. */
  readonly text: string;
  /** Every chosen token, the one that ended the text included. */
  readonly tokens: readonly number[];
  /** `stop`: the model ended the text, or a stop string, or its format; `length`: `maxTokens` were chosen. */
  readonly finishReason: FinishReason;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Hex SHA-256 over the scores of every step, as the model wrote them; only where it was asked for. */
  readonly scoresDigest: string | undefined;
}

export interface GenerationPlan {
  readonly prompt: readonly number[];
  readonly rule: SamplingRule;
  readonly seed: Uint8Array;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** Tokens that end a text. */
  readonly endTokens: ReadonlySet<number>;
  readonly digest: boolean;
  /** Keeps the answer to a format; owned by this text. */
  readonly constraint?: OutputConstraint | undefined;
  /** Called with each piece of text as soon as it is certain. */
  readonly onText: (piece: string) => void;
  /** Called after each token that did not end the text. @param tokens chosen so far */
  readonly onToken?: (tokens: number) => void;
}

export class Generation {
  readonly plan: GenerationPlan;
  readonly #stream: TokenStream;
  readonly #stops: StopStrings;
  readonly #hash: Hash | undefined;
  readonly #tokens: number[] = [];
  #text = "";
  #finish: FinishReason | undefined;

  constructor(plan: GenerationPlan, tokenizer: Tokenizer) {
    this.plan = plan;
    this.#stream = new TokenStream(tokenizer);
    this.#stops = new StopStrings(plan.stop);
    this.#hash = plan.digest ? createHash("sha256") : undefined;
  }

  /** Tokens that the model has read when it reads {@link token} next. */
  get length(): number {
    return this.plan.prompt.length + this.#tokens.length - 1;
  }

  /** The token that was chosen last. */
  get token(): number {
    return this.#tokens.at(-1) ?? 0;
  }

  get finished(): boolean {
    return this.#finish !== undefined;
  }

  /** Chooses the next token. `raw` are the bytes that `scores` were read from. @throws {WE_TEXT_LOGITS} */
  accept(raw: Uint8Array, scores: Float64Array): void {
    const { rule, seed, prompt, maxTokens, endTokens, constraint } = this.plan;
    this.#hash?.update(raw);
    const index = this.#tokens.length;
    const seen = function* (tokens: readonly number[]): Generator<number> {
      yield* prompt;
      yield* tokens;
    };
    const token = chooseToken(scores, {
      rule,
      seen: seen(this.#tokens),
      restrict: constraint && ((all) => constraint.restrict(all, maxTokens - index)),
      draw: () => draw(seed, index),
    });
    this.#tokens.push(token);
    constraint?.accept(token);
    if (endTokens.has(token)) this.#end("stop");
    else if (this.#show(this.#stream.push(token))) this.#finish = "stop";
    else if (constraint?.finished === true) this.#end("stop");
    else if (this.#tokens.length >= maxTokens) this.#end(constraint?.complete === true ? "stop" : "length");
    if (!this.finished) this.plan.onToken?.(this.#tokens.length);
  }

  cancel(): void {
    if (!this.finished) this.#end("cancelled");
  }

  result(): TextResult {
    return {
      text: this.#text,
      tokens: this.#tokens,
      finishReason: this.#finish ?? "cancelled",
      promptTokens: this.plan.prompt.length,
      completionTokens: this.#tokens.length,
      scoresDigest: this.#hash?.copy().digest("hex"),
    };
  }

  #end(reason: FinishReason): void {
    this.#finish = reason;
    // A stop string may be completed by what was held back; then the text ends before it all the same.
    if (this.#show(this.#stream.end())) return;
    this.#append(this.#stops.end());
  }

  /** Whether a stop string ended the text. */
  #show(piece: string): boolean {
    const { text, stopped } = this.#stops.push(piece);
    this.#append(text);
    return stopped;
  }

  #append(text: string): void {
    if (text === "") return;
    this.#text += text;
    this.plan.onText(text);
  }
}
