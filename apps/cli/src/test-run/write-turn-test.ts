/** `test --from RUN@TICK:AGENT`: reads the history of the agent, proves that a test can repeat it, writes the test. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { historyOfAgent, loadModuleSources } from "@wasm-engine/engine";
import type { AgentHistory } from "@wasm-engine/engine";
import type { Outcome } from "../command.js";
import { fail, usageError } from "../errors.js";
import { proveTurn, turnTest } from "./turn-test.js";
import type { TurnTestPlace } from "./turn-test.js";
import { usesVitest } from "./vitest-project.js";

export interface TurnTestRequest {
  /** RUN@TICK:AGENT */
  readonly from: string;
  readonly out: string | undefined;
  /** engine.yaml with the sources; default: that of the run. */
  readonly config: string | undefined;
  readonly signal: AbortSignal;
}

/** @throws {WE_TEST_FILE_EXISTS} {WE_TEST_SOURCE} {WE_TEST_NO_TURN} {WE_TEST_NOT_REPRODUCED} and those of histories */
export async function writeTurnTest({ from, out, config, signal }: TurnTestRequest): Promise<Outcome> {
  const { run, tick, agent } = turnNamed(from);
  const path = resolve(out ?? `${agent}-tick-${tick}.test.ts`);
  if (existsSync(path)) throw fail("WE_TEST_FILE_EXISTS", { path });
  const history = await historyOfAgent(run, { agent, tick, signal });
  const hasHappened = history.tookTurn || history.faults.length > 0 || history.emitted.length > 0;
  if (!hasHappened) throw fail("WE_TEST_NO_TURN", { agent, tick });
  const place = await placeOf(history, path, config);
  await proveTurn(history, place);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, turnTest(history, place));
  const shown = relative(process.cwd(), path);
  const [fault] = history.faults;
  const expects = fault === undefined ? "its messages in that turn" : `no fault (the run: ${fault.code})`;
  return {
    document: {
      file: path,
      runId: history.runId,
      agent,
      tick,
      messages: history.received.length,
      requests: history.requests.length,
      expects: fault === undefined ? "messages" : "no fault",
    },
    text: [
      `wrote ${shown}: ${agent} at tick ${tick}, ${history.received.length} messages received`,
      `it expects ${expects}; the turn was repeated from it before it was written`,
      `next   wasm-engine test ${shown}`,
    ].join("\n"),
  };
}

function turnNamed(from: string): { readonly run: string; readonly tick: number; readonly agent: string } {
  const match = /^(.+)@(\d+):([^:@]+)$/.exec(from);
  if (match === null) throw usageError("test", `"${from}" is not RUN@TICK:AGENT`);
  const [, run = "", tick, agent = ""] = match;
  return { run, tick: Number(tick), agent };
}

async function placeOf(
  { baseDirectory, moduleName, agent }: AgentHistory,
  path: string,
  config: string | undefined,
): Promise<TurnTestPlace> {
  const file = config ?? join(baseDirectory, "engine.yaml");
  if (!existsSync(file)) throw fail("WE_TEST_SOURCE", { agent, module: moduleName, file });
  const { directory, paths } = await loadModuleSources(file);
  if (paths[moduleName] === undefined) throw fail("WE_TEST_SOURCE", { agent, module: moduleName, file });
  return {
    folder: dirname(path),
    project: directory,
    paths,
    runner: usesVitest(directory) ? "vitest" : "node:test",
  };
}
