/** Reporter for node's test runner: prints failures only, with file, name and cause. */

import type { TestEvent } from "node:test/reporters";

export default async function* failures(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === "test:fail") {
      const { name, file, details } = event.data;
      const cause: unknown = details.error.cause ?? details.error;
      const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      yield `\nFAILED ${file ?? ""}\n  ${name}\n  ${text.replaceAll("\n", "\n  ")}\n`;
    }
  }
}
