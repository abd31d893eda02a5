/**
 * From what a test gives as answers to who answers: functions are asked as they are, tools and entries of engine.yaml
 * become the adapters of a run, by the code that resolves configurations.
 */

import { fileURLToPath } from "node:url";
import { encodeUtf8 } from "@wasm-engine/abi";
import type { ToolSetup } from "../adapters/contract.js";
import { toolTimeoutMsDefault } from "../adapters/limits.js";
import type { ToolDefinition } from "../adapters/tool.js";
import { ConfigContext } from "../config/config-context.js";
import type { FakeEntry, ToolEntry } from "../config/config-file.js";
import { acceptedConfig } from "../config/load-config.js";
import { resolveModels } from "../config/model-entries.js";
import { resolveTools } from "../config/tool-entries.js";
import { parseYaml } from "../config/yaml-document.js";
import type { Answerers } from "./answer-desk.js";
import { modelAnswerer, toolAnswerer } from "./answers.js";
import type { Latency, ModelAnswers, ModelFunction, ToolAnswers, ToolFunction } from "./answers.js";
import { configuredAnswerers } from "./configured-answers.js";
import type { AdapterSource, AdapterWorld } from "./configured-answers.js";
import { miniWorldError } from "./errors.js";

/** Who answers from here on, by name; everybody else answers as before. */
export interface NewAnswers {
  readonly models?: Readonly<Record<string, ModelAnswers>>;
  readonly tools?: Readonly<Record<string, ToolAnswers>>;
}

/** @throws {WE_TEST_OPTION} {WE_CONFIG_…} where an entry is none */
export function withAnswers(answerers: Answerers, given: NewAnswers, world: AdapterWorld): Answerers {
  const adapters = configuredAnswerers(adapterSources(given, world), world);
  const models = Object.entries(given.models ?? {}).flatMap(([name, answers]) =>
    isFunction(answers) ? [[name, modelAnswerer(answers)] as const] : [],
  );
  const tools = Object.entries(given.tools ?? {}).flatMap(([name, answers]) =>
    isFunction(answers) ? [[name, toolAnswerer(answers)] as const] : [],
  );
  return {
    models: new Map([...answerers.models, ...adapters.models, ...models]),
    tools: new Map([...answerers.tools, ...adapters.tools, ...tools]),
  };
}

/** Makes ready what the test gives, so that its mistakes are told before the first tick. */
export async function openGiven(answerers: Answerers, given: NewAnswers): Promise<void> {
  for (const kind of ["models", "tools"] as const) {
    for (const name of Object.keys(given[kind] ?? {})) await answerers[kind].get(name)?.open?.();
  }
}

function isFunction(
  answers: ModelAnswers | ToolAnswers,
): answers is ModelFunction | Latency<ModelFunction> | ToolFunction | Latency<ToolFunction> {
  return typeof answers === "function" || has(answers, "answer");
}

function isDefinition(answers: ToolAnswers): answers is ToolDefinition {
  return typeof answers !== "function" && has(answers, "run");
}

/** Tests in JavaScript may give anything. */
function has(value: unknown, member: string): boolean {
  return typeof value === "object" && value !== null && member in value;
}

function adapterSources(
  { models = {}, tools = {} }: NewAnswers,
  world: AdapterWorld,
): readonly AdapterSource[] {
  const secrets = Object.fromEntries([...world.secrets.keys()].map((name) => [name, { env: name }]));
  const entries = entrySources(models, tools, world.baseDirectory).map(({ setup }): AdapterSource => {
    return { setup: setup.kind === "tool" ? { ...setup, secrets: { ...secrets, ...setup.secrets } } : setup };
  });
  const definitions = Object.entries(tools).flatMap(([name, definition]): AdapterSource[] => {
    if (!isDefinition(definition)) return [];
    const setup: ToolSetup = {
      kind: "tool",
      serves: "tool",
      name,
      path: "the definition of the test",
      timeoutMs: toolTimeoutMsDefault,
      reuse: false,
      secrets,
    };
    return [{ setup, definition }];
  });
  return [...entries, ...definitions];
}

/** Entries as engine.yaml has them, by its own rules. */
function entrySources(
  models: Readonly<Record<string, ModelAnswers>>,
  tools: Readonly<Record<string, ToolAnswers>>,
  directory: string,
): readonly AdapterSource[] {
  const given = {
    models: Object.fromEntries(Object.entries(models).filter(([, answers]) => !isFunction(answers))),
    tools: Object.fromEntries(
      Object.entries(tools).flatMap(([name, answers]) =>
        isFunction(answers) || isDefinition(answers) ? [] : [[name, entryOf(answers)]],
      ),
    ),
  };
  if (Object.keys({ ...given.models, ...given.tools }).length === 0) return [];
  // No more of a world than its shape asks for: only the entries are resolved.
  const agent = { id: "test", module: "test" };
  const head = { version: 1, name: "test", modules: { test: "test" }, agents: [agent] };
  const document = parseYaml("createWorld", encodeUtf8(JSON.stringify({ ...head, ...given })));
  const config = acceptedConfig(document);
  const context = new ConfigContext(document, directory);
  const { models: folders, adapters } = resolveModels(context, config);
  const setups = [...adapters, ...resolveTools(context, config)];
  context.settle();
  const outside = [...folders, ...adapters.filter(({ kind }) => kind === "openai")][0];
  if (outside === undefined) return setups.map((setup) => ({ setup }));
  const problem = `model "${outside.name}" is a folder or a server, which tests do not ask`;
  const advice = "give a function, scripted([…]), or an entry with scripted, recorded or failing";
  throw miniWorldError("WE_TEST_OPTION", { problem, advice });
}

function entryOf(answers: string | URL | ToolEntry | FakeEntry): string | ToolEntry {
  if (answers instanceof URL) return fileURLToPath(answers);
  const isAddress = typeof answers === "string" && answers.startsWith("file:");
  return isAddress ? fileURLToPath(answers) : answers;
}
