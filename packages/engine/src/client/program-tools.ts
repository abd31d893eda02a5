/**
 * Functions of this program as tools of a world: called here, checked and answered like tools that are modules. The
 * world decides what is called, how long it may take and what may be repeated; this side has no memory of calls that
 * are over.
 */

import { answerOf } from "../adapters/answers.js";
import type { Adapter, AdapterRequest, ToolSetup } from "../adapters/contract.js";
import { adapterError } from "../adapters/errors.js";
import type { ToolDefinition } from "../adapters/tool.js";
import { createAdapter } from "../adapters/tool-adapter.js";
import { asTool } from "../adapters/tool-module.js";
import type { ProgramTool } from "../world/job.js";
import type { WorldLink } from "./link.js";

/** A tool of the embedding program: a function alone takes any JSON. Secrets are its own affair. */
export type ProgramToolFunction = ToolDefinition | ToolDefinition["run"];

/** Stands where messages name the module of a tool. */
const place = "Engine.open";

/**
 * Answers the calls of one world from now on. Returns what the world must know of the tools.
 * @throws {WE_TOOL_DEFINITION} {WE_SECRET_MISSING} for one that asks for secrets of the configuration
 */
export async function serveTools(
  link: WorldLink,
  tools: Readonly<Record<string, ProgramToolFunction>>,
): Promise<readonly ProgramTool[]> {
  const adapters = new Map<string, Adapter>();
  for (const [name, given] of Object.entries(tools)) adapters.set(name, await adapterOf(name, given));
  const calls = new Map<string, AbortController>();
  const answer = async (adapter: Adapter, request: AdapterRequest): Promise<void> => {
    const { id } = request;
    const controller = new AbortController();
    calls.set(id, controller);
    const given = await answerOf(adapter, request, { signal: controller.signal, part: () => undefined });
    if (calls.get(id) !== controller) return;
    calls.delete(id);
    link.answerTool(id, given);
  };
  const abort = (id: string): void => {
    const controller = calls.get(id);
    calls.delete(id);
    controller?.abort();
  };
  link.listen({
    toolCall: (request) => {
      const adapter = adapters.get(request.name);
      if (adapter !== undefined && !calls.has(request.id)) void answer(adapter, request);
    },
    toolAbort: abort,
    ended: () => {
      for (const id of [...calls.keys()]) abort(id);
    },
  });
  return [...adapters].map(([name, { idempotent }]) => {
    return { name, ...(idempotent === undefined ? {} : { idempotent }) };
  });
}

async function adapterOf(name: string, given: unknown): Promise<Adapter> {
  const definition = asTool(given);
  if (definition === undefined) {
    const problem = "is given neither a function nor a tool for it";
    throw adapterError("WE_TOOL_DEFINITION", { name, path: place, problem });
  }
  // The limit of a call is kept by the world.
  const head = { kind: "tool", serves: "tool", name, path: place, timeoutMs: 0, reuse: false } as const;
  const setup: ToolSetup = { ...head, secrets: {} };
  const secret = (wanted: string): never => {
    const advice = "read it in the program: only modules of engine.yaml are granted secrets";
    const cause = "it is a function of the program";
    throw adapterError("WE_SECRET_MISSING", { user: `Tool ${name}`, name: wanted, cause, advice });
  };
  return await createAdapter(setup, { baseDirectory: "", askAnew: false, secret, definition });
}
