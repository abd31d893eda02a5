/** Reporter for node's test runner: one JSON line per finished test, so that traceability can be checked. */

import type { TestEvent } from "node:test/reporters";

export default async function* results(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === "test:pass" || event.type === "test:fail") {
      const { name, file, skip } = event.data;
      const outcome = event.type === "test:fail" ? "failed" : skip ? "skipped" : "passed";
      yield `${JSON.stringify({ name, file, outcome, reason: typeof skip === "string" ? skip : undefined })}\n`;
    }
  }
}
