/**
 * What a thread that hears events says for one that hears none: a word of shared memory is set, then bells are rung.
 * Plain data, so that whoever sleeps on the words can say beforehand what shall be done to them.
 */

/** A word that somebody sleeps on. */
export interface Bell {
  readonly buffer: SharedArrayBuffer;
  readonly word: number;
  /** Added to the word; everybody who sleeps on it is woken. */
  readonly step: number;
}

export interface SharedSignal {
  readonly buffer: SharedArrayBuffer;
  /** This word is set to `value`, before any bell is rung. */
  readonly word: number;
  readonly value: number;
  readonly bells: readonly Bell[];
}

/** Sets the word and rings the bells. */
export function raise({ buffer, word, value, bells }: SharedSignal): void {
  Atomics.store(new Int32Array(buffer), word, value);
  for (const bell of bells) {
    const words = new Int32Array(bell.buffer);
    Atomics.add(words, bell.word, bell.step);
    Atomics.notify(words, bell.word);
  }
}
