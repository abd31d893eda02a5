/** Reporter for node's test runner: a dot per test, and every failure with file, name and cause as soon as it happens. */

import type { TestEvent } from "node:test/reporters";

const dotsPerLine = 80;

export default async function* terminal(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let dots = 0;
  for await (const event of source) {
    if (event.type === "test:pass") {
      dots += 1;
      yield dots % dotsPerLine === 0 ? ".\n" : ".";
    } else if (event.type === "test:fail") {
      const { name, file, details } = event.data;
      const cause: unknown = details.error.cause ?? details.error;
      const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      yield `\nFAILED ${file ?? ""}\n  ${name}\n  ${text.replaceAll("\n", "\n  ")}\n`;
    }
  }
  yield "\n";
}
