/**
 * Tokens to text, piece by piece: pieces end between characters, and together they are the text of all tokens.
 * Bytes that are no UTF-8 become U+FFFD, as the encoding standard says.
 */

import type { Tokenizer } from "./tokenizer.js";

export class TokenStream {
  readonly #tokenizer: Tokenizer;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Leading spaces that may still be dropped. */
  #spaces: number;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#spaces = tokenizer.leadingSpaces;
  }

  /** Text that the token completes; special tokens have none. */
  push(id: number): string {
    return this.#trimmed(this.#decoder.decode(this.#tokenizer.bytesOf(id), { stream: true }));
  }

  /** What is left when no more tokens come: a character that was begun. */
  end(): string {
    return this.#trimmed(this.#decoder.decode());
  }

  #trimmed(piece: string): string {
    let start = 0;
    while (this.#spaces > 0 && start < piece.length) {
      this.#spaces = piece[start] === " " ? this.#spaces - 1 : 0;
      if (piece[start] === " ") start += 1;
    }
    return piece.slice(start);
  }
}
