/**
 * Generates texts with one decoder, all that are asked for together. In each round parts of waiting prompts are read,
 * then every text under way gets its next token in one run. Rules that change no bit, whatever else is under way:
 *
 * 1. A prompt is read alone, in parts that end at multiples of `promptPartTokens`, so that equal beginnings of prompts
 *    are read in equal runs and may be kept for each other.
 * 2. Tokens are read one at a time, each row in the width that its own length asks for, in batches of sizes for which
 *    the test at load has found each row's bits unchanged; without such sizes one row after the other.
 * 3. Token n of a text is drawn with number n of its own seed.
 */

import { EngineError, assert } from "@wasm-engine/abi";
import type { ProviderName } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { mixedWidthTokens, promptPartTokens, promptPartsPerRound, widthTokensMin } from "../limits.js";
import type { DecoderSession, RowResult } from "./decoder-session.js";
import type { Generation, TextResult } from "./generation.js";
import type { KeyValues } from "./key-value-slab.js";
import { PrefixCache, partKey } from "./prefix-cache.js";
import { scoresOf } from "./scores.js";
import { StepGroup } from "./step-group.js";
import type { StepRules } from "./step-test.js";

export interface GeneratorOptions {
  readonly model: string;
  readonly provider: ProviderName;
  readonly rules: StepRules;
  /** Tokens that a text may have, prompt included. */
  readonly context: number;
  readonly rowsMax: number;
  /** Bytes of keys and values of texts under way. */
  readonly keyValueBytesMax: number;
  /** Bytes of kept parts of prompts; 0 keeps none. */
  readonly prefixBytesMax: number;
}

interface Job {
  readonly generation: Generation;
  readonly done: (result: TextResult) => void;
  readonly failed: (cause: unknown) => void;
  readonly past: KeyValues[];
  /** Name of the parts in `past`. */
  partKey: string;
  read: number;
  readonly token: number;
  readonly length: number;
}

export class TextGenerator {
  readonly #session: DecoderSession;
  readonly #options: GeneratorOptions;
  readonly #prefixes: PrefixCache;
  readonly #waiting: Job[] = [];
  readonly #groups = new Map<number | Job, StepGroup<Job>>();
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(session: DecoderSession, options: GeneratorOptions) {
    this.#session = session;
    this.#options = options;
    this.#prefixes = new PrefixCache(options.prefixBytesMax);
  }

  /** Carries a generation out beside all others. Rejects where its scores are no distribution, and at a close. */
  generate(generation: Generation): Promise<TextResult> {
    return new Promise((done, failed) => {
      if (this.#closed) {
        failed(inferenceError("WE_MODEL_CLOSED", { action: `a prompt for ${this.#options.model}` }));
        return;
      }
      this.#waiting.push({
        generation,
        done,
        failed,
        past: [],
        partKey: "",
        read: 0,
        get token() {
          return generation.token;
        },
        get length() {
          return generation.length;
        },
      });
      this.#running ??= this.#run();
    });
  }

  /** Ends what is under way after the present run, and frees the model. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#running;
    await this.#session.dispose();
  }

  async #run(): Promise<void> {
    // Everything that was asked in this turn of the event loop begins in one round.
    await Promise.resolve();
    while (!this.#closed && (this.#waiting.length > 0 || this.#groups.size > 0)) {
      // Runs of the WebAssembly runtime end without leaving this turn: new prompts and cancellations must be heard.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#attempt(() => this.#readPrompts());
      for (const [key, group] of [...this.#groups])
        if (!this.#closed && this.#groups.get(key) === group)
          await this.#attempt(() => this.#step(key, group));
    }
    this.#running = undefined;
    if (this.#closed) this.#failAll(inferenceError("WE_MODEL_CLOSED", { action: "the rest of a text" }));
  }

  /** A run that fails says nothing about single rows: everything under way ends with its reason. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (cause) {
      if (EngineError.is(cause)) this.#failAll(cause);
      else {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const { model, provider } = this.#options;
        this.#failAll(inferenceError("WE_MODEL_RUN", { model, provider, reason }));
      }
    }
  }

  #failAll(cause: unknown): void {
    const jobs = [...this.#waiting, ...[...this.#groups.values()].flatMap(({ members }) => members)];
    this.#waiting.length = 0;
    this.#groups.clear();
    for (const { failed } of jobs) failed(cause);
  }

  /** Reads the next parts of the prompts that have room, the one asked first at first. */
  async #readPrompts(): Promise<void> {
    for (let part = 0; part < promptPartsPerRound; part += 1) {
      for (const job of this.#waiting.filter(({ generation }) => generation.finished)) this.#leave(job);
      const [job] = this.#waiting;
      if (job === undefined || !this.#hasRoom(job) || this.#closed) return;
      await this.#readPart(job);
    }
  }

  async #readPart(job: Job): Promise<void> {
    const { prompt } = job.generation.plan;
    const part = prompt.slice(job.read, job.read + promptPartTokens);
    const last = job.read + part.length === prompt.length;
    job.partKey = partKey(job.partKey, part);
    const kept = last ? undefined : this.#prefixes.get(job.partKey);
    const result = kept === undefined ? await this.#session.read(part, job.past) : undefined;
    const written = kept ?? result?.written;
    assert(written !== undefined, "a part was kept or is read");
    if (part.length === promptPartTokens) this.#prefixes.put(job.partKey, written);
    job.past.push(written);
    job.read += part.length;
    if (!last) return;
    assert(result !== undefined, "the last part is always read");
    this.#waiting.splice(this.#waiting.indexOf(job), 1);
    const goesOn = this.#accept(job, result);
    if (goesOn) this.#group(job).add(job, job.past);
    job.past.length = 0;
  }

  async #step(key: number | Job, group: StepGroup<Job>): Promise<void> {
    for (const job of group.members.filter(({ generation }) => generation.finished)) {
      group.remove(job);
      this.#leave(job);
    }
    const members = [...group.members];
    if (members.length > 0) {
      const batch = this.#options.rules.sizes.find((size) => size >= members.length);
      assert(batch !== undefined, "a group has no more rows than were tested");
      const results = await group.step(batch);
      // All lengths grow before any row moves: a row is moved with everything that this run has written to it.
      const going = members.map((job, row) => {
        const result = results[row];
        assert(result !== undefined, "every row has a result");
        return this.#accept(job, result);
      });
      members.forEach((job, row) => {
        if (going[row] !== true) group.remove(job);
        else if (this.#keyOf(job) !== key) this.#group(job).add(job, [group.remove(job)]);
      });
    }
    if (group.members.length === 0) this.#groups.delete(key);
  }

  /** Whether the text goes on; if not, it has been handed over. */
  #accept(job: Job, { scores }: RowResult): boolean {
    const { generation } = job;
    try {
      if (!generation.finished) generation.accept(scores, scoresOf(scores, this.#session.shape.scores));
    } catch (cause) {
      job.failed(cause);
      return false;
    }
    if (!generation.finished) return true;
    job.done(generation.result());
    return false;
  }

  #leave(job: Job): void {
    const place = this.#waiting.indexOf(job);
    if (place >= 0) this.#waiting.splice(place, 1);
    job.done(job.generation.result());
  }

  #group(job: Job): StepGroup<Job> {
    const key = this.#keyOf(job);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const { padded } = this.#options.rules;
    const made = new StepGroup<Job>(this.#session, (length) => this.#widthOf(length + 1), padded);
    this.#groups.set(key, made);
    return made;
  }

  /** Generations of equal key are decoded together. */
  #keyOf(job: Job): number | Job {
    const { mode, mixedWidths } = this.#options.rules;
    if (mode === "serial") return job;
    return mixedWidths ? 0 : this.#widthOf(job.length + 1);
  }

  #widthOf(tokens: number): number {
    const { rules, context } = this.#options;
    if (!rules.mixedWidths) return slabWidth(tokens, context);
    const width = Math.max(Math.ceil(tokens / mixedWidthTokens) * mixedWidthTokens, widthTokensMin);
    return Math.min(width, context);
  }

  /** The first always has; a request that can never have is refused before. */
  #hasRoom({ generation }: Job): boolean {
    const { rowsMax, keyValueBytesMax } = this.#options;
    const rows = [...this.#groups.values()].flatMap(({ members }) => members);
    if (rows.length >= rowsMax) return false;
    const widths = [generation, ...rows.map((job) => job.generation)].map(({ plan }) =>
      this.#widthOf(plan.prompt.length + plan.maxTokens),
    );
    const tokens = Math.max(...widths) * widths.length;
    return rows.length === 0 || tokens * this.#session.shape.tokenBytes <= keyValueBytesMax;
  }
}

/** Powers of two from `widthTokensMin` on, at most the context: a row's width is a function of its own length. */
export function slabWidth(tokens: number, context: number): number {
  let width = widthTokensMin;
  while (width < tokens) width *= 2;
  return Math.min(width, context);
}
