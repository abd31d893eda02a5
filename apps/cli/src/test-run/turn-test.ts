/** A test file that makes one agent live a turn of a run again, and the proof that its world does what the run did. */

import { relative, sep } from "node:path";
import { createWorld, fail as answerFailure, inOrder, never, standIn } from "@wasm-engine/engine/testing";
import type { AgentHistory } from "@wasm-engine/engine";
import type { AgentsWorld, MiniWorld, ModuleSource, TestMessage } from "@wasm-engine/engine/testing";
import { fail } from "../errors.js";
import { Expression, sourceText } from "./source-text.js";
import { turnWorld } from "./turn-world.js";
import type { RecordedAnswers, TurnWorld } from "./turn-world.js";

export interface TurnTestPlace {
  /** Absolute path of the test file's folder. */
  readonly folder: string;
  /** Folder of the project, and paths of its modules by name, all absolute. */
  readonly project: string;
  readonly paths: Readonly<Record<string, string>>;
  readonly runner: "node:test" | "vitest";
}

/** What the test expects of the turn, in the order of the world. */
type Said = Pick<TestMessage, "to" | "kind" | "topic" | "body">;

function saidBy(messages: readonly TestMessage[]): readonly Said[] {
  return messages.map(({ to, kind, topic, body }) => ({ to, kind, topic, body }));
}

/**
 * Makes the world with the module of the run and lives up to the tick.
 * @throws {WE_TEST_NOT_REPRODUCED} where it does not do what the run did
 */
export async function proveTurn(history: AgentHistory, place: TurnTestPlace): Promise<void> {
  const world = turnWorld(history);
  const { agent } = history;
  using mini = await miniWorldOf(world, history, place);
  await mini.run({ ticks: world.tick + 1 });
  const faults = mini.agent(agent).faults.filter((fault) => fault.tick === world.tick);
  const codes = (list: readonly { readonly code: string }[]): string =>
    list.map(({ code }) => code).join(", ");
  const [expected, actual] =
    history.faults.length > 0
      ? [codes(history.faults), codes(faults)]
      : [history.emitted, mini.messages({ from: agent, tick: world.tick })].map((said) =>
          JSON.stringify(saidBy(said)),
        );
  if (expected === actual) return;
  const shown = (text: string | undefined): string => (text === undefined || text === "" ? "nothing" : text);
  const parameters = { agent, tick: history.tick, expected: shown(expected), actual: shown(actual) };
  throw fail("WE_TEST_NOT_REPRODUCED", parameters);
}

async function miniWorldOf(
  world: TurnWorld,
  history: AgentHistory,
  place: TurnTestPlace,
): Promise<MiniWorld> {
  const standIns = [...world.standIns].map(([id, script]) => [id, standIn(script)] as const);
  const answers = (recorded: TurnWorld["models"]): AgentsWorld["tools"] =>
    Object.fromEntries(
      [...recorded].map(([name, { answers: list, latencyTicks }]) => [
        name,
        inOrder(valuesOf(list), { latencyTicks }),
      ]),
    );
  const modules: [string, ModuleSource][] = world.modules.flatMap((name) => {
    const path = place.paths[name];
    return path === undefined ? [] : [[name, path]];
  });
  const agents = {
    [history.agent]: { module: history.module, ...world.agent },
    ...Object.fromEntries(standIns),
  };
  return await createWorld({
    ...world.options,
    directory: place.project,
    agents,
    modules: Object.fromEntries(modules),
    models: answers(world.models) as NonNullable<AgentsWorld["models"]>, // inOrder answers for both
    tools: answers(world.tools) ?? {},
  });
}

function valuesOf(answers: RecordedAnswers["answers"]): readonly unknown[] {
  return answers.map((answer) => {
    if (answer === undefined) return never;
    return answer.ok ? answer.body : answerFailure(answer.code, answer.message);
  });
}

/** The text of the test file. */
export function turnTest(history: AgentHistory, place: TurnTestPlace): string {
  const world = turnWorld(history);
  const { agent, runId, tick, moduleName } = history;
  const { runner, project } = place;
  const called = new Set(["createWorld"]);
  const call = (name: string, text: string): Expression => {
    called.add(name);
    return new Expression(text);
  };
  const within = (path: string): string => `./${relative(project, path).replaceAll(sep, "/")}`;
  const standIns = [...world.standIns].map(
    ([id, script]) => [id, call("standIn", `standIn(${sourceText(script, "      ")})`)] as const,
  );
  const options = {
    directory: new Expression(`new URL("${folderFrom(place)}", import.meta.url)`),
    ...world.options,
    ...(world.modules.length === 0
      ? {}
      : {
          modules: Object.fromEntries(world.modules.map((name) => [name, within(place.paths[name] ?? name)])),
        }),
    agents: {
      [agent]: { module: within(place.paths[moduleName] ?? moduleName), ...world.agent },
      ...Object.fromEntries(standIns),
    },
    ...answerTexts("models", world.models, call),
    ...answerTexts("tools", world.tools, call),
  };
  const [fault] = history.faults;
  const said = fault === undefined ? "" : ` failed: ${fault.code}`;
  const lines = [
    `// Written by \`wasm-engine test --from ${runId}@${tick}:${agent}\`: what ${agent} lived through up to that tick.`,
    ...commentOf(fault?.detail),
    `import assert from "node:assert/strict";`,
    `import { test } from "${runner}";`,
    `import { ${[...called].sort().join(", ")} } from "wasm-engine/testing";`,
    "",
    `test(${JSON.stringify(`${agent} at tick ${tick} of run ${runId}${said}`)}, async () => {`,
    `  const world = await createWorld(${sourceText(options, "  ")});`,
    `  await world.run({ ticks: ${world.tick + 1} });`,
    ...expectation(history, world.tick),
    "  world.close();",
    "});",
    "",
  ];
  return lines.join("\n");
}

function folderFrom({ folder, project }: TurnTestPlace): string {
  const path = relative(folder, project).replaceAll(sep, "/");
  return path === "" ? "./" : `${path.startsWith("..") ? path : `./${path}`}/`;
}

function commentOf(detail: string | undefined): readonly string[] {
  if (detail === undefined) return ["//"];
  return ["// It failed there:", ...detail.split("\n").map((line) => `//   ${line}`.trimEnd())];
}

function answerTexts(
  kind: "models" | "tools",
  recorded: TurnWorld["models"],
  call: (name: string, text: string) => Expression,
): Readonly<Record<string, unknown>> {
  if (recorded.size === 0) return {};
  const entries = [...recorded].map(([name, { answers, latencyTicks }]) => {
    const values = answers.map((answer) => {
      if (answer === undefined) return call("never", "never");
      if (answer.ok) return answer.body;
      return call("fail", `fail(${JSON.stringify(answer.code)}, ${JSON.stringify(answer.message)})`);
    });
    const isLate = latencyTicks.some((ticks) => ticks !== 1);
    const options = isLate ? `, ${sourceText({ latencyTicks })}` : "";
    return [name, call("inOrder", `inOrder(${sourceText(values, "      ")}${options})`)] as const;
  });
  return { [kind]: Object.fromEntries(entries) };
}

function expectation({ agent, faults, emitted }: AgentHistory, tick: number): readonly string[] {
  const name = JSON.stringify(agent);
  if (faults.length > 0) {
    return [
      `  const faults = world.agent(${name}).faults.filter((fault) => fault.tick === ${tick});`,
      "  assert.deepEqual(faults, []);",
    ];
  }
  return [
    `  const said = world.messages({ from: ${name}, tick: ${tick} });`,
    "  assert.deepEqual(",
    "    said.map(({ to, kind, topic, body }) => ({ to, kind, topic, body })),",
    `    ${sourceText(saidBy(emitted), "    ")},`,
    "  );",
  ];
}
