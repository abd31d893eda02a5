/** `invariants` of a configuration: names that are unique, expressions that can be read, agents that can be meant. */

import { EngineError, isAgentId } from "@wasm-engine/abi";
import type { InvariantSetup } from "../invariants/contract.js";
import { readModule } from "@wasm-engine/wasm";
import { invariantError } from "../invariants/errors.js";
import { parseInvariant } from "../invariants/invariant-check.js";
import type { ResolvedModule } from "../world/contract.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile } from "./config-file.js";
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
    const { function: exported, expression, ...rest } = entry;
    if ((exported === undefined) === (expression === undefined)) {
      const expected = "either an expression or a function";
      const came = exported === undefined ? "neither" : "both";
      context.add("WE_CONFIG_VALUE", path, { expected, came, advice: "see docs/time-travel.md" });
    }
    const setup = { ...rest, expression: expression ?? `holds(${JSON.stringify(exported ?? "")})` };
    checkEntry(context, path, setup);
    return setup;
  });
}

/** Functions that invariants call must be there: one that never says anything would hold for ever. */
export function checkInvariantFunctions(
  config: ConfigFile,
  modules: ReadonlyMap<string, Pick<ResolvedModule, "instrumented">>,
): void {
  const wanted = (config.invariants ?? []).flatMap(({ function: exported }) => exported ?? []);
  if (wanted.length === 0) return;
  const offered = new Set<string>();
  for (const { instrumented } of modules.values())
    for (const { name } of readModule(instrumented).exports) offered.add(name);
  const missing = wanted.find((name) => !offered.has(name));
  if (missing !== undefined) throw invariantError("WE_INVARIANT_FUNCTION", { name: missing });
}

function checkEntry(context: ConfigContext, path: Path, { agent, expression }: InvariantSetup): void {
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
