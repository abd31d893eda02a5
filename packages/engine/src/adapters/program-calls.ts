/**
 * Calls of functions of the program that opened the world, as the thread of adapters sees them: each is told, and
 * answered when the program's answer comes. Knows nothing of the way there.
 */

import type { AdapterNews } from "./adapter-messages.js";
import { failure } from "./answers.js";
import type { AdapterAnswer, AdapterRequest } from "./contract.js";

export class ProgramCalls {
  readonly #tell: (news: AdapterNews) => void;
  readonly #waiting = new Map<string, (answer: AdapterAnswer) => void>();

  constructor(tell: (news: AdapterNews) => void) {
    this.#tell = tell;
  }

  call(request: AdapterRequest, signal: AbortSignal): Promise<AdapterAnswer> {
    const { id } = request;
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#tell({ kind: "program-abort", id });
        this.answer(id, failure("CANCELLED", "nobody waits any more"));
      };
      this.#waiting.set(id, (answer) => {
        signal.removeEventListener("abort", leave);
        resolve(answer);
      });
      signal.addEventListener("abort", leave, { once: true });
      this.#tell({ kind: "program-call", request });
    });
  }

  /** The program has answered. The first answer counts; one to a call that nobody awaits is dropped. */
  answer(id: string, answer: AdapterAnswer): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(answer);
  }
}
