/**
 * One text on its way into the world. The schedule is computed, never measured: the first part enters at
 * t + ceil(tokens of the prompt / prefillTokensPerTick), then one part per tick, the answer with the last part. The
 * length of a text shows only when it ends, so the tick of the part that is missing is open: it waits. Without a pace
 * parts enter as they come. A text that is written again from its prompt is compared with what has entered of it.
 */

import { Encoding, assert, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { ExternalRequest, TextPace } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";

/** What has entered the world of an answer that is not complete. */
export class EnteredParts {
  #count = 0;
  #digest = "";

  get count(): number {
    return this.#count;
  }

  /** Hex SHA-256 chained over the payloads of the parts. */
  get digest(): string {
    return this.#digest;
  }

  add(payload: Uint8Array): void {
    this.#count += 1;
    this.#digest = sha256Hex(Buffer.concat([Buffer.from(this.#digest), payload]));
  }

  /** A snapshot says what had entered. */
  recall({ parts, digest }: BegunText): void {
    this.#count = parts;
    this.#digest = digest;
  }
}

/** {@link EnteredParts} of a request as snapshots keep them, where there are any. */
export interface BegunText {
  readonly agent: AgentHandle;
  readonly requestId: number;
  readonly parts: number;
  readonly digest: string;
}

/** A part as it enters. */
export interface EnteringPart {
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
}

/** A part as the model tells it. */
export interface HeardPart {
  /** From 0. */
  readonly index: number;
  /** What it shows, which may be nothing. */
  readonly text: string;
  /** The answer follows, and enters in the same tick. */
  readonly isLast: boolean;
}

interface Waiting {
  readonly tick: number;
  readonly payload: Uint8Array;
}

export class TextProgress {
  readonly #request: ExternalRequest;
  readonly #pace: TextPace | undefined;
  #firstTick: number | undefined;
  /** Parts heard, with text or without. */
  #heard = 0;
  #waiting: Waiting[] = [];
  #endTick: number | undefined;
  /** Nothing but the answer is missing. */
  #isComplete = false;
  readonly #entered: EnteredParts;
  /** As far as the text has repeated what has entered. */
  readonly #repeated = new EnteredParts();
  #strays = false;

  /** `pace` undefined: parts enter whenever they have come. */
  constructor(request: ExternalRequest, pace: TextPace | undefined, entered: EnteredParts) {
    this.#request = request;
    this.#pace = pace;
    this.#entered = entered;
  }

  hearPrompt(tokens: number): void {
    if (this.#pace === undefined || this.#firstTick !== undefined) return;
    const ticks = Math.max(1, Math.ceil(tokens / this.#pace.prefillTokensPerTick));
    this.#firstTick = this.#request.tick + ticks;
  }

  /** What a thread that died has told before is told again. */
  hearPart({ index, text, isLast }: HeardPart): void {
    if (index < this.#heard) return;
    this.#isComplete = isLast;
    assert(index === this.#heard, "parts follow one another");
    const tick = this.#tickOf(index);
    this.#heard += 1;
    if (text === "") return;
    const payload = encodeUtf8(JSON.stringify({ text }));
    if (this.#repeated.count >= this.#entered.count) {
      this.#waiting.push({ tick, payload });
      return;
    }
    this.#repeated.add(payload);
    const isSame = this.#repeated.digest === this.#entered.digest;
    if (this.#repeated.count === this.#entered.count && !isSame) this.#strays = true;
  }

  /** The answer is there. What went wrong enters where the next part would have. */
  hearEnd(ok: boolean): void {
    if (ok && this.#repeated.count < this.#entered.count) this.#strays = true;
    const isAtPart = ok && this.#heard > 0;
    this.#endTick = this.#tickOf(isAtPart ? this.#heard - 1 : this.#heard);
  }

  /** What is told now is another text than the one whose parts have entered. */
  get strays(): boolean {
    return this.#strays;
  }

  /** The first tick of which it is not known what enters in it. */
  get openTick(): number {
    if (this.#endTick !== undefined || this.#pace === undefined) return Infinity;
    return this.#tickOf(this.#isComplete ? this.#heard - 1 : this.#heard);
  }

  /** The first tick in which something enters or that is open; 0 where it has no tick. */
  get nextTick(): number {
    return Math.min(this.#waiting[0]?.tick ?? Infinity, this.#endTick ?? Infinity, this.openTick);
  }

  /** True where the answer enters at `tick`. */
  endsAt(tick: number): boolean {
    return this.#endTick !== undefined && this.#endTick <= tick;
  }

  /** Removes and returns the parts that enter at `tick`. */
  take(tick: number): readonly EnteringPart[] {
    const due = this.#waiting.filter((part) => part.tick <= tick);
    this.#waiting = this.#waiting.slice(due.length);
    return due.map(({ payload }) => {
      // Both: a text that is told on is not compared with itself.
      this.#entered.add(payload);
      this.#repeated.add(payload);
      return { encoding: Encoding.JSON, payload };
    });
  }

  /** Of a text without a prompt yet, or one that was refused: the next tick. Without a pace: none. */
  #tickOf(part: number): number {
    if (this.#pace === undefined) return 0;
    return this.#firstTick === undefined ? this.#request.tick + 1 : this.#firstTick + part;
  }
}
