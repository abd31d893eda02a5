/** Projects with tools: agents that call what their arguments say and publish what they are answered. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Json } from "@wasm-engine/core";
import { projectFolder } from "./project.js";

const caller = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["tools", "topics"],
  reentrant: true,
  async onStart({ body }, ctx) {
    const one = async ({ tool, input, timeoutTicks, cancelAfter }) => {
      const pending = ctx.tool(tool, input, timeoutTicks === undefined ? undefined : { timeoutTicks });
      if (cancelAfter !== undefined) void ctx.sleep(cancelAfter).then(() => pending.cancel());
      const outcome = await pending.then(
        (value) => ({ value }),
        ({ code, message, retryable }) => ({ code, message, retryable }),
      );
      ctx.publish("result", { agent: body.id, tool, tick: ctx.tick, ...outcome });
    };
    if (body.together) await Promise.all(body.calls.map(one));
    else for (const call of body.calls) await one(call);
  },
});
`;

export interface ToolCallPlan {
  readonly tool: string;
  readonly input?: Json;
  readonly timeoutTicks?: number;
  readonly cancelAfter?: number;
}

export interface ToolProjectOptions {
  /** Files besides the agent: the tools and what they import. */
  readonly files: Readonly<Record<string, string>>;
  /** The member `tools` of the configuration. */
  readonly tools: Json;
  /** Calls of each agent, one after the other. */
  readonly agents: Readonly<Record<string, readonly ToolCallPlan[]>>;
  readonly together?: boolean;
  readonly snapshotEvery?: number;
  readonly stop?: Json;
}

/** Folder of a project whose agents call tools. */
export function toolProject(context: TestContext, options: ToolProjectOptions): string {
  const { files, tools, agents, together = false, stop = { when: "idle" }, snapshotEvery } = options;
  const configuration = {
    version: 1,
    name: "tools",
    seed: 7,
    clock: { tickMs: 100 },
    stop,
    modules: { caller: "./caller.js" },
    tools,
    agents: Object.entries(agents).map(([id, calls]) => ({
      id,
      module: "caller",
      args: { id, together, calls },
      capabilities: { tools: ["*"], topics: ["*"] },
    })),
    outputs: [{ topic: "result", file: "out/results.jsonl" }],
    ...(snapshotEvery === undefined ? {} : { snapshotEvery }),
  };
  const text = JSON.stringify(configuration);
  return projectFolder(context, { "caller.js": caller, "engine.yaml": text, ...files });
}

/** What an agent was answered. */
export interface ToolOutcome {
  readonly agent: string;
  readonly tool: string;
  readonly tick: number;
  readonly value?: Json;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
}

/** What agents were answered, in the order in which they published it. */
export function outcomesOf(directory: string): readonly ToolOutcome[] {
  const lines = readFileSync(join(directory, "out", "results.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => (JSON.parse(line) as { payload: ToolOutcome }).payload); // published by the agent above
}
