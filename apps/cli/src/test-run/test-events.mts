/** Reporter for node's test runner: one JSON line per finished test, for the document of `test --json`. */

import type { TestEvent } from "node:test/reporters";

// eslint-disable-next-line no-restricted-syntax -- node takes the default export of a reporter
export default async function* testEvents(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, file, skip, todo, nesting, details } = event.data;
    const isFailed = event.type === "test:fail";
    const error: unknown = isFailed
      ? (event.data.details.error.cause ?? event.data.details.error)
      : undefined;
    const isSuite = details.type === "suite";
    const outcome = isFailed ? "failed" : skip || todo ? "skipped" : "passed";
    const message = error instanceof Error ? error.message : typeof error === "string" ? error : undefined;
    yield `${JSON.stringify({ name, file, outcome, nesting, isSuite, message })}\n`;
  }
}
