/** Reporter for node's test runner: one JSON line per finished test, for traceability and to find slow ones. */

import type { TestEvent } from "node:test/reporters";

export default async function* results(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === "test:pass" || event.type === "test:fail") {
      const { name, file, skip, details } = event.data;
      const ms = Math.round(details.duration_ms);
      const outcome = event.type === "test:fail" ? "failed" : skip ? "skipped" : "passed";
      yield `${JSON.stringify({ name, file, outcome, ms, reason: typeof skip === "string" ? skip : undefined })}\n`;
    }
  }
}
