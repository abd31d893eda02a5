/** Ends a text before the first of several stop strings, and lets through only what cannot be the beginning of one. */

/** What may be shown, and whether a stop string was met. */
export interface StoppedPiece {
  readonly text: string;
  readonly stopped: boolean;
}

export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  push(piece: string): StoppedPiece {
    const text = this.#held + piece;
    const places = this.#stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
    if (places.length > 0) {
      this.#held = "";
      return { text: text.slice(0, Math.min(...places)), stopped: true };
    }
    const kept = text.length - this.#openLength(text);
    this.#held = text.slice(kept);
    return { text: text.slice(0, kept), stopped: false };
  }

  /** What was held back when the text ended otherwise. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** Length of the longest end of `text` that is the beginning of a stop string. */
  #openLength(text: string): number {
    let longest = 0;
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1)
        if (text.endsWith(stop.slice(0, length))) longest = length;
    return longest;
  }
}
