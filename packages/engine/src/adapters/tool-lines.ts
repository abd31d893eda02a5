/**
 * What tools write to their consoles, line by line: each line knows its tool, wherever in the call it was written. A
 * copy for people on its way out; nothing of it enters the world or its run. What comes faster than people read is
 * counted instead of told.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { lineCharsMax, linesPerSecondMax } from "./limits.js";

/** One line of a tool's console. */
export interface ToolLine {
  readonly tool: string;
  /** What went to standard error is `error`. */
  readonly level: "info" | "error";
  readonly text: string;
  /** Lines since the last one that were not told. */
  readonly dropped: number;
}

/** Where lines come from: `process.stdout` and `process.stderr` of the thread. */
type LineStream = Pick<NodeJS.WriteStream, "write">;

/** Encoding and callback of a write. */
type WriteExtra = BufferEncoding | (() => void) | undefined;

/** Whoever writes outside of every tool: a timer of a module that was left running. */
const unknownTool = "?";

export class ToolLines {
  #tell: (line: ToolLine) => void = () => undefined;
  readonly #current = new AsyncLocalStorage<string>();
  /** Unfinished lines by tool and level. */
  readonly #rests = new Map<string, string>();
  #secondEndsMs = 0;
  #linesLeft = 0;
  #dropped = 0;

  /** From now on lines are told, with what `redact` leaves of them. */
  begin(tell: (line: ToolLine) => void, redact: (text: string) => string): void {
    this.#tell = (line) => tell({ ...line, text: cut(redact(line.text)) });
  }

  /** Everything that `work` writes, now or later, is of this tool. */
  within<Result>(tool: string, work: () => Result): Result {
    return this.#current.run(tool, work);
  }

  /** Takes over a stream: nothing of what is written there goes anywhere else. */
  take(stream: LineStream, level: ToolLine["level"]): void {
    stream.write = (chunk: Uint8Array | string, ...rest: readonly WriteExtra[]): boolean => {
      this.#write(level, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
      const done = rest.at(-1);
      if (typeof done === "function") queueMicrotask(done);
      return true;
    };
  }

  #write(level: ToolLine["level"], text: string): void {
    const tool = this.#current.getStore() ?? unknownTool;
    const key = `${level}:${tool}`;
    const lines = `${this.#rests.get(key) ?? ""}${text}`.split("\n");
    const rest = lines.pop() ?? "";
    // Far behind what is told of a line, so that no half of a secret is.
    this.#rests.set(key, rest.slice(0, 16 * lineCharsMax));
    for (const line of lines) this.#line({ tool, level, text: line.replace(/\r$/, "") });
  }

  #line({ tool, level, text }: Omit<ToolLine, "dropped">): void {
    const nowMs = performance.now();
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1000;
      this.#linesLeft = linesPerSecondMax;
    }
    if (this.#linesLeft === 0) {
      this.#dropped += 1;
      return;
    }
    this.#linesLeft -= 1;
    this.#tell({ tool, level, text, dropped: this.#dropped });
    this.#dropped = 0;
  }
}

function cut(text: string): string {
  return text.length <= lineCharsMax ? text : `${text.slice(0, lineCharsMax)}…`;
}
