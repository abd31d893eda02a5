/** `inspect RUN`: the world, or one agent, as sealed at a tick. */

import { inspectRun, isLocalModel } from "@wasm-engine/engine";
import type { AgentReport, WorldReport } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { integerOption, textOption } from "../command.js";
import { textTable } from "../table.js";

export const inspect: CommandFunction = async ({ parsed, signal }) => {
  const at = integerOption(parsed, "at");
  const agent = textOption(parsed, "agent");
  const report = await inspectRun(parsed.arguments[0] ?? "", {
    ...(at === undefined ? {} : { at }),
    ...(agent === undefined ? {} : { agent }),
    signal,
  });
  const [only] = report.agents;
  return {
    document: report,
    text: agent !== undefined && only !== undefined ? agentText(report, only) : worldText(report),
  };
};

function worldText(report: WorldReport): string {
  const rows = report.agents.map((agent) => [
    agent.agentId,
    agent.status,
    agent.moduleName,
    agent.mailbox.length,
    agent.pendingRequests.length,
    agent.faults,
    agent.fuel,
    agent.digest.slice(0, 12),
  ]);
  const header = ["agent", "status", "module", "mailbox", "pending", "faults", "fuel", "digest"];
  return `${heading(report)}\n${modelText(report)}\n${textTable(header, rows)}`;
}

function modelText({ models = [], tools = [] }: WorldReport): string {
  const lines = [...models, ...tools].map((report) => {
    if (!isLocalModel(report)) {
      const { name, serves, provider, identity } = report;
      const what = serves === "tool" ? "tool" : "model";
      const by = provider === "tool" ? "" : ` by ${provider}`;
      return `${what} ${name}${by}${identity === undefined ? "" : `, identity ${identity.slice(0, 12)}`}\n`;
    }
    const { name, version, provider, fingerprint, refused } = report;
    const passed = refused.map((refusal) => `, not ${refusal.provider}`).join("");
    return `model ${name} ${version} on ${provider}${passed}, fingerprint ${fingerprint.slice(0, 12)}\n`;
  });
  return lines.join("");
}

function agentText(report: WorldReport, agent: AgentReport): string {
  return `${heading(report)}\n\n${JSON.stringify(agent, null, 2)}`;
}

function heading({ runId, tick, timestamp, chainHead, stateHash }: WorldReport): string {
  return `run ${runId}, tick ${tick}, ${timestamp}\nchain head ${chainHead}\nstate hash ${stateHash}`;
}
