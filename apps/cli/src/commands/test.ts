/** `test [PATTERN…]`: runs tests and replays golden bundles; `test --from` writes a test of one turn of a run. */

import { relative } from "node:path";
import type { CommandContext, CommandFunction, Outcome, Parsed } from "../command.js";
import { flagOption, textOption } from "../command.js";
import { fail, usageError } from "../errors.js";
import { findTests } from "../test-run/find-tests.js";
import { replayBundles } from "../test-run/replay-bundles.js";
import { runTests } from "../test-run/run-tests.js";
import type { FileResult } from "../test-run/run-tests.js";
import { usesVitest } from "../test-run/vitest-project.js";

export const test: CommandFunction = async (context) => {
  const { parsed, signal } = context;
  const from = textOption(parsed, "from");
  if (from === undefined) {
    const alone = ["out", "config"].find((name) => textOption(parsed, name) !== undefined);
    if (alone !== undefined) throw usageError("test", `--${alone} needs --from`);
    return await runAll(context);
  }
  const { writeTurnTest } = await import("../test-run/write-turn-test.js");
  return await writeTurnTest({
    from,
    out: textOption(parsed, "out"),
    config: textOption(parsed, "config"),
    signal,
  });
};

async function runAll({ parsed, reporter, signal }: CommandContext): Promise<Outcome> {
  const folder = process.cwd();
  const patterns = patternsOf(parsed);
  const { files, bundles } = findTests(folder, patterns);
  if (files.length + bundles.length === 0) {
    const what =
      patterns.length === 0 ? "**/*.test.{ts,mts,js,mjs} and golden/*.bundle" : patterns.join(", ");
    throw fail("WE_TEST_NONE", { what, folder });
  }
  if (files.length > 0 && usesVitest(folder)) throw fail("WE_TEST_VITEST", { folder });
  const isJson = flagOption(parsed, "json");
  const ran =
    files.length === 0
      ? []
      : await runTests({
          files,
          folder,
          report: isJson ? "stderr" : "stdout",
          environment: flagOption(parsed, "update") ? { WASM_ENGINE_UPDATE_GOLDEN: "1" } : {},
          signal,
        });
  const say = (line: string): void => reporter.note(line);
  const results = [...ran, ...(await replayBundles(bundles, { signal, say }))];
  return outcomeOf(folder, results);
}

function patternsOf(parsed: Parsed): readonly string[] {
  return parsed.arguments.filter((argument) => argument !== undefined);
}

function outcomeOf(folder: string, results: readonly FileResult[]): Outcome {
  const count = (wanted: string): number =>
    results.reduce((sum, { tests }) => sum + tests.filter(({ outcome }) => outcome === wanted).length, 0);
  const [passed, failed, skipped] = [count("passed"), count("failed"), count("skipped")];
  const files = results.map(({ file, tests }) => ({ file: relative(folder, file), tests }));
  const failures = files.flatMap(({ file, tests }) =>
    tests.filter(({ outcome }) => outcome === "failed").map(({ name }) => `FAILED ${file}: ${name}`),
  );
  return {
    document: { passed, failed, skipped, files },
    text: [...failures, `${passed} passed, ${failed} failed, ${skipped} skipped`].join("\n"),
    exitCode: failed === 0 ? 0 : 1,
  };
}
