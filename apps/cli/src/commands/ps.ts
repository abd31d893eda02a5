/** `ps [RUN]`: the agents of a running world, in a line each. */

import { Engine } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { liveRunOf } from "../live-world.js";
import { textTable } from "../table.js";

export const ps: CommandFunction = async ({ parsed, signal }) => {
  await using world = await Engine.connect(liveRunOf(parsed.arguments[0]));
  const status = await world.status({ signal });
  const { agents } = await world.agents({ signal });
  const rows = agents.map((agent) => [
    agent.agentId,
    agent.status,
    agent.moduleName,
    agent.mailbox,
    agent.pendingRequests,
    agent.messages,
    agent.faults,
    agent.fuel,
  ]);
  const header = ["agent", "status", "module", "mailbox", "pending", "sent", "faults", "fuel"];
  const { runId, pid, tick, timestamp, paused, live, waitingInputs, turnsExecuted, shortage } = status;
  const state =
    shortage !== undefined
      ? "waiting for space on the disk"
      : paused
        ? "paused"
        : live
          ? "running"
          : "resting";
  const heading = `run ${runId}, ${state} in process ${pid}, tick ${tick}, ${timestamp}, ${turnsExecuted} turns`;
  const waiting = waitingInputs > 0 ? `, ${waitingInputs} inputs wait for their tick` : "";
  return { document: { ...status, agents }, text: `${heading}${waiting}\n\n${textTable(header, rows)}` };
};
