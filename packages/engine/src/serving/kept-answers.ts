/**
 * What agents have answered to requests with an idempotency key, for clients that send one again: the world takes a
 * key once and answers once. Forgets the oldest beyond its limits; the world then says that the key was there.
 */

import { createHash } from "node:crypto";
import type { Json } from "@wasm-engine/core";
import type { Answer } from "./contract.js";
import { fail } from "./errors.js";
import { keptAnswersMax, keptCharactersMax } from "./limits.js";

interface Kept {
  readonly digest: string;
  readonly answer: Promise<Answer>;
  characters: number;
}

export class KeptAnswers {
  readonly #kept = new Map<string, Kept>();
  #characters = 0;

  /**
   * The answer to the request of this key, asked once. What fails is not kept: the client may ask again.
   * @throws {WE_SERVE_KEY} where another request had the key
   */
  answer(key: string, request: Json, ask: () => Promise<Answer>): Promise<Answer> {
    const digest = createHash("sha256").update(JSON.stringify(request)).digest("hex");
    const known = this.#kept.get(key);
    if (known !== undefined) {
      if (known.digest !== digest) throw fail("WE_SERVE_KEY");
      return known.answer;
    }
    const kept: Kept = { digest, answer: ask(), characters: 0 };
    this.#kept.set(key, kept);
    kept.answer.then(
      ({ text }) => {
        kept.characters = text.length;
        this.#characters += text.length;
        this.#forget();
      },
      () => this.#kept.delete(key),
    );
    return kept.answer;
  }

  #forget(): void {
    for (const [key, { characters }] of this.#kept) {
      if (this.#kept.size <= keptAnswersMax && this.#characters <= keptCharactersMax) return;
      this.#kept.delete(key);
      this.#characters -= characters;
    }
  }
}
