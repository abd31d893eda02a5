/**
 * What clients were told, in a file outside of every run: one line per acknowledged input, on the disk before the next
 * kill. Keys that were sent and never acknowledged are sent again in the next life.
 */

import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";

export class KillLedger {
  readonly #path: string;
  readonly #file: number;
  readonly #open = new Set<string>();
  #next = 0;
  #count = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a");
  }

  /** Acknowledged so far. */
  get count(): number {
    return this.#count;
  }

  /** Sent at least once and never acknowledged. */
  get unacknowledged(): readonly string[] {
    return [...this.#open];
  }

  /** A key that nobody has used. */
  take(): string {
    const key = `key-${this.#next}`;
    this.#next += 1;
    this.#open.add(key);
    return key;
  }

  acknowledge(key: string, seq: number): void {
    if (!this.#open.delete(key)) return;
    this.#count += 1;
    writeSync(this.#file, `${key} ${seq}\n`);
  }

  sync(): void {
    fdatasyncSync(this.#file);
  }

  /** Sequences by key, as the file has them. */
  read(): ReadonlyMap<string, number> {
    const lines = readFileSync(this.#path, "utf8").split("\n").slice(0, -1);
    return new Map(lines.map((line) => line.split(" ")).map(([key = "", seq]) => [key, Number(seq)]));
  }

  close(): void {
    closeSync(this.#file);
  }
}
