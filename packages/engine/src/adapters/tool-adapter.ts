/**
 * A tool as an adapter: checks what agents send, calls the tool, checks what it gives. Agents read its failures: its
 * own messages, never stacks or places of files.
 */

import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import { failure } from "./answers.js";
import type { AdapterAnswer, AdapterSurroundings, CreateAdapter, ToolSetup } from "./contract.js";
import { adapterError } from "./errors.js";
import { jsonText } from "./json-value.js";
import { answerBytesMax } from "./limits.js";
import type { ToolDefinition } from "./tool.js";
import { loadTool } from "./tool-module.js";
import type { LoadedTool } from "./tool-module.js";
import { valueCheck } from "./value-check.js";
import type { CheckValue } from "./value-check.js";

export const createAdapter: CreateAdapter<ToolSetup> = async (setup, surroundings) => {
  const { definition, identity } = await toolOf(setup, surroundings);
  checkGrants(setup, definition, surroundings);
  const checkInput = schemaOf(setup, definition, "input");
  const checkOutput = schemaOf(setup, definition, "output");
  return {
    ...(identity === undefined ? {} : { identity }),
    ...(definition.idempotent === undefined ? {} : { idempotent: definition.idempotent }),
    async answer(request, { signal }) {
      const { encoding, payload, id: requestId, agentId } = request;
      const input = encoding === Encoding.JSON ? parsed(payload) : undefined;
      if (input === undefined) return failure("BAD_INPUT", "the input of a tool is JSON");
      const problem = checkInput(input.json);
      if (problem !== undefined) return failure("BAD_INPUT", problem);
      const context = { signal, requestId, agentId, secret: (name: string) => surroundings.secret(name) };
      return resultOf(await definition.run(input.json, context), checkOutput);
    },
  };
};

/** What is in memory has no text that could be told from another. @throws what loading a tool throws */
async function toolOf(
  setup: ToolSetup,
  { baseDirectory, definition }: AdapterSurroundings,
): Promise<Omit<LoadedTool, "identity"> & Partial<LoadedTool>> {
  return definition === undefined ? await loadTool(setup, baseDirectory) : { definition };
}

/** @throws {WE_SECRET_MISSING} where the tool asks for more than it is granted */
function checkGrants(
  setup: ToolSetup,
  { secrets = [] }: ToolDefinition,
  surroundings: AdapterSurroundings,
): void {
  const isList: (value: unknown) => boolean = Array.isArray;
  if (!isList(secrets)) {
    const { name, path } = setup;
    throw adapterError("WE_TOOL_DEFINITION", { name, path, problem: "has `secrets` that are no list" });
  }
  for (const name of secrets) surroundings.secret(name);
}

/** @throws {WE_TOOL_DEFINITION} */
function schemaOf({ name, path }: ToolSetup, tool: ToolDefinition, member: "input" | "output"): CheckValue {
  try {
    return valueCheck(tool[member]);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw adapterError("WE_TOOL_DEFINITION", {
      name,
      path,
      problem: `has a bad schema of ${member}: ${cause}`,
    });
  }
}

function parsed(payload: Uint8Array): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(decodeUtf8(payload) ?? "") as unknown };
  } catch {
    return undefined;
  }
}

function resultOf(value: unknown, check: CheckValue): AdapterAnswer {
  const json = jsonText(value);
  if (!json.ok) {
    const place = json.place === "" ? "" : ` at ${json.place}`;
    return failure("FAILED", `the tool gave ${json.came}${place}, which is no JSON`);
  }
  const problem = check(JSON.parse(json.text));
  if (problem !== undefined)
    return failure("FAILED", `the tool gave what its output schema refuses: ${problem}`);
  const payload = encodeUtf8(json.text);
  if (payload.length <= answerBytesMax) return { ok: true, encoding: Encoding.JSON, payload };
  return failure("FAILED", `the tool gave ${payload.length} bytes; at most ${answerBytesMax} fit a message`);
}
