/**
 * Keeps one answer to its format: before each choice it forbids tokens with which the answer could no longer be a
 * valid value, or could not be finished with the tokens that are left.
 */

import { impossible } from "./answer-automaton.js";
import type { AnswerAutomaton, AnswerState, TokenCosts } from "./answer-automaton.js";

export class OutputConstraint {
  readonly #automaton: AnswerAutomaton;
  readonly #bytesOf: (token: number) => Uint8Array;
  readonly #endTokens: ReadonlySet<number>;
  #state: AnswerState;

  constructor(
    automaton: AnswerAutomaton,
    {
      bytesOf,
      endTokens,
    }: { readonly bytesOf: (token: number) => Uint8Array; readonly endTokens: ReadonlySet<number> },
  ) {
    this.#automaton = automaton;
    this.#bytesOf = bytesOf;
    this.#endTokens = endTokens;
    this.#state = automaton.start;
  }

  /** What was chosen is a valid value. */
  get complete(): boolean {
    return this.#state.complete;
  }

  /** It is, and nothing can follow. */
  get finished(): boolean {
    return this.#state.complete && this.#state.stacks.length === 0;
  }

  /** Sets the scores of forbidden tokens to -Infinity; `left` tokens may still be chosen, this one included. */
  restrict(scores: Float64Array, left: number): void {
    const costs = this.#automaton.costs(this.#state);
    const ends = this.#state.complete ? [...this.#endTokens].filter((token) => token < scores.length) : [];
    const endScores = ends.map((token) => scores[token] ?? -Infinity);
    let best = Math.max(...endScores);
    for (let token = 0; token < scores.length; token += 1) {
      const score = scores[token] ?? -Infinity;
      if (!this.#fits(costs, token, left)) scores[token] = -Infinity;
      else if (score > best && !this.#endTokens.has(token)) best = score;
    }
    for (const token of this.#endTokens) if (token < scores.length) scores[token] = -Infinity;
    ends.forEach((token, place) => (scores[token] = endScores[place] ?? -Infinity));
    if (best > -Infinity) return;
    // The model forbids all that the format allows: the format decides.
    for (const token of ends) scores[token] = 0;
    for (let token = 0; token < scores.length; token += 1)
      if (this.#fits(costs, token, left) && !this.#endTokens.has(token)) scores[token] = 0;
  }

  #fits(costs: TokenCosts, token: number, left: number): boolean {
    const cost = costs[token] ?? impossible;
    return cost !== impossible && cost < left;
  }

  accept(token: number): void {
    if (this.#endTokens.has(token)) return;
    this.#state = this.#automaton.behind(this.#state, this.#bytesOf(token)) ?? this.#state;
  }
}
