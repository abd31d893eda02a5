/** `invariants` of a configuration: names that are unique, expressions that can be read, agents that can be meant. */

import { EngineError, isAgentId } from "@wasm-engine/abi";
import type { InvariantSetup } from "../invariants/contract.js";
import { parseInvariant } from "../invariants/invariant-check.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile, InvariantEntry } from "./config-file.js";
import { shown } from "./problem.js";
import type { Path } from "./yaml-document.js";

/** What a run keeps and checks; problems are noted in the context. */
export function resolveInvariants(context: ConfigContext, config: ConfigFile): readonly InvariantSetup[] {
  const names = new Set<string>();
  return (config.invariants ?? []).map((entry, index) => {
    const path: Path = ["invariants", index];
    if (names.has(entry.name)) {
      const expected = "a name that no other invariant has";
      const advice = "names tell in reports which invariant was broken";
      context.add("WE_CONFIG_VALUE", [...path, "name"], { expected, came: shown(entry.name), advice });
    }
    names.add(entry.name);
    checkEntry(context, path, entry);
    return entry;
  });
}

function checkEntry(context: ConfigContext, path: Path, { agent, expression }: InvariantEntry): void {
  if (agent !== undefined && !isAgentId(agent.replace(/\*$/, "")) && agent !== "*") {
    const expected = "the id of an agent, or the beginning of ids and *";
    context.add("WE_CONFIG_VALUE", [...path, "agent"], {
      expected,
      came: shown(agent),
      advice: 'such as "ORD" or "shop-*"',
    });
  }
  try {
    const { isOfAgent } = parseInvariant(expression);
    if (isOfAgent || agent === undefined) return;
    const expected = "about an agent where `agent` is given";
    const advice = "use a name of the agent, such as state or faults, or leave `agent` out";
    context.add("WE_CONFIG_VALUE", [...path, "expression"], { expected, came: shown(expression), advice });
  } catch (error) {
    if (!EngineError.is(error) || !error.code.startsWith("WE_EXPRESSION_")) throw error;
    const advice = error.hint ?? "see docs/time-travel.md";
    const expected = `an expression (${error.message})`;
    context.add("WE_CONFIG_VALUE", [...path, "expression"], { expected, came: shown(expression), advice });
  }
}
