/**
 * `upgrade AGENT MODULE`: an input of a running world. What becomes of it shows in `inspect` and among the faults.
 * `upgrade --check RUN`: new code in the shadow of a recorded run, which stays as it is.
 */

import { checkUpgrade } from "@wasm-engine/engine";
import type { CheckedAgent, ShownTurn, UpgradeCheckReport } from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome, Parsed } from "../command.js";
import { integerOption, listOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { withLiveWorld } from "../live-world.js";
import { visible } from "../visible.js";

/** Agents that differ, and characters of one effect, that are shown; `--json` has all. */
const agentsShownMax = 8;
const effectCharactersMax = 160;

export const upgrade: CommandFunction = async (context) => {
  const { parsed, signal } = context;
  const run = textOption(parsed, "check");
  if (run !== undefined) return check(run, context);
  const [agent, module] = parsed.arguments;
  if (agent === undefined || module === undefined)
    throw usageError("upgrade", "AGENT and MODULE are needed, or --check RUN --module NAME=FILE");
  const only = ["module", "from", "to"].find((name) => {
    return listOption(parsed, name).length > 0 || integerOption(parsed, name) !== undefined;
  });
  if (only !== undefined) throw usageError("upgrade", `--${only} goes with --check`);
  const drainTicks = integerOption(parsed, "drainTicks");
  const key = textOption(parsed, "id");
  return withLiveWorld(parsed, async (world) => {
    const document = await world.upgradeAgent(agent, module, {
      ...(drainTicks === undefined ? {} : { drainTicks }),
      ...(key === undefined ? {} : { key }),
      signal,
    });
    const text = `${agent} gets ${module} from tick ${document.tick} on, once nothing of it is pending`;
    return { document, text };
  });
};

async function check(run: string, { parsed, reporter, signal }: CommandContext): Promise<Outcome> {
  const from = integerOption(parsed, "from");
  const to = integerOption(parsed, "to");
  const [agent, module] = parsed.arguments;
  if (module !== undefined) throw usageError("upgrade", "--check takes at most one agent");
  const report = await checkUpgrade(run, {
    modules: modulesOf(parsed),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(agent === undefined ? {} : { agents: [agent] }),
    signal,
    onProgress: ({ tick }) => reporter.progress(`checking tick ${tick}`),
  });
  if (report.agents.length === 0) reporter.warn("no agent of these modules took part: nothing was compared");
  return { document: report, text: textOf(report), exitCode: report.equal ? 0 : 3 };
}

function modulesOf(parsed: Parsed): Readonly<Record<string, string>> {
  const pairs = listOption(parsed, "module").map((text) => {
    const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || file === undefined)
      throw usageError("upgrade", `--module takes NAME=FILE, not ${JSON.stringify(text)}`);
    return [name, file] as const;
  });
  if (pairs.length === 0) throw usageError("upgrade", "--check needs --module NAME=FILE");
  const modules = new Map(pairs);
  if (modules.size < pairs.length) throw usageError("upgrade", "--module names one of the modules twice");
  return Object.fromEntries(modules);
}

function textOf({ equal, agents, fuelRatio, ticksExecuted, from, to, faults }: UpgradeCheckReport): string {
  const turns = agents.reduce((sum, agent) => sum + agent.turns, 0);
  const different = agents.filter(({ firstDifference }) => firstDifference !== null);
  const ratio = fuelRatio === null ? "" : `, fuel × ${fuelRatio.toFixed(3)}`;
  const verdict = equal
    ? "equal"
    : `different: ${different.length} of ${agents.length} agents, ${faults} by a fault`;
  const shown = different.slice(0, agentsShownMax).flatMap(agentLines);
  const rest = different.length - agentsShownMax;
  return [
    `${verdict} (ticks ${from} to ${to}, ${ticksExecuted} executed, ${agents.length} agents, ${turns} turns${ratio})`,
    ...shown,
    ...(rest > 0 ? [`and ${rest} more: --json shows them`] : []),
  ].join("\n");
}

function agentLines({ agentId, firstDifference }: CheckedAgent): readonly string[] {
  if (firstDifference === null) return [];
  const { tick, what, recorded, shadow } = firstDifference;
  if (what === "upgrade") return [`tick ${tick}, agent ${agentId}: the new code refuses the state`];
  return [
    `tick ${tick}, agent ${agentId}: other ${what}`,
    `  recorded  ${turnText(recorded, shadow)}`,
    `  new code  ${turnText(shadow, recorded)}`,
  ];
}

/** The fault, or the first effect that the other side has not. */
function turnText({ effects, fault }: ShownTurn, other: ShownTurn): string {
  if (fault !== undefined) return `fault ${fault}`;
  const index = effects.findIndex(
    (effect, place) => JSON.stringify(effect) !== JSON.stringify(other.effects[place]),
  );
  const effect = effects[Math.max(index, 0)];
  if (effect === undefined || (index < 0 && other.fault === undefined)) return "nothing more";
  const text = visible(JSON.stringify(effect));
  return text.length > effectCharactersMax ? `${text.slice(0, effectCharactersMax)}…` : text;
}
