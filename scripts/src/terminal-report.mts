/**
 * Reporter for node's test runner: a dot per test, and every failure with file, name and cause as soon as it happens.
 * Where a file fails as a whole (it was ended for taking too long, or died), the tests that had begun in it are named.
 */

import type { TestEvent } from "node:test/reporters";

const dotsPerLine = 80;

/** Tests that have begun and not ended, and the last that has, by file. */
class Progress {
  readonly #begun = new Map<string, Set<string>>();
  readonly #ended = new Map<string, string>();

  take(event: TestEvent): void {
    if (event.type !== "test:dequeue" && event.type !== "test:complete") return;
    const { name, file = "" } = event.data;
    if (name === file) return;
    const begun = this.#begun.get(file) ?? new Set();
    this.#begun.set(file, begun);
    if (event.type === "test:dequeue") return void begun.add(name);
    begun.delete(name);
    this.#ended.set(file, name);
  }

  of(file: string): string {
    const begun = [...(this.#begun.get(file) ?? [])];
    const after = this.#ended.get(file);
    const within = begun.length === 0 ? "no test was under way" : `under way: ${begun.join("; ")}`;
    return after === undefined ? within : `${within} (the last that ended: ${after})`;
  }
}

export default async function* terminal(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const progress = new Progress();
  let dots = 0;
  for await (const event of source) {
    progress.take(event);
    if (event.type === "test:pass") {
      dots += 1;
      yield dots % dotsPerLine === 0 ? ".\n" : ".";
    } else if (event.type === "test:fail") {
      const { name, file = "", details } = event.data;
      const cause: unknown = details.error.cause ?? details.error;
      const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      const whole = name === file ? `\n  ${progress.of(file)}` : "";
      yield `\nFAILED ${file}\n  ${name}\n  ${text.replaceAll("\n", "\n  ")}${whole}\n`;
    }
  }
  yield "\n";
}
