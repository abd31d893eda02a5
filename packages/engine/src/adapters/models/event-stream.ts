/** Server-sent events: bytes in pieces of any size to the data of each event. */

/** Collects pieces; what has not ended yet waits for the next one. */
export class EventStream {
  readonly #decoder = new TextDecoder("utf-8");
  #rest = "";
  #data: string[] = [];

  /** Data of the events that end in this piece. */
  take(piece: Uint8Array): readonly string[] {
    this.#rest += this.#decoder.decode(piece, { stream: true });
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#takeLine(line));
  }

  /** Data of a last event that no empty line follows. */
  end(): readonly string[] {
    const lines = [this.#rest.replace(/\r$/, ""), ""];
    this.#rest = "";
    return lines.flatMap((line) => this.#takeLine(line));
  }

  /** Characters that wait for the end of their event. */
  get waiting(): number {
    return this.#rest.length + this.#data.reduce((sum, line) => sum + line.length, 0);
  }

  #takeLine(line: string): string[] {
    if (line === "") {
      const data = this.#data;
      this.#data = [];
      return data.length === 0 ? [] : [data.join("\n")];
    }
    const [, text] = /^data:\s?(.*)$/.exec(line) ?? [];
    if (text !== undefined) this.#data.push(text);
    return [];
  }
}
