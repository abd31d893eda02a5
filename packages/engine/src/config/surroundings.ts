/** Inputs, outputs and stop rule of a configuration: what surrounds the world without being part of its genesis. */

import { assert, isAgentId } from "@wasm-engine/abi";
import { formatOfPath } from "../inputs/record-reader.js";
import type { InputField, InputSourceSpec, OutputSpec, StopRule } from "../world/contract.js";
import type { AgentDraft } from "./agent-table.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile, InputEntry } from "./config-file.js";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { shown } from "./problem.js";
import type { Path } from "./yaml-document.js";

/** The input sources; their files are looked for, not read. */
export function resolveInputs(context: ConfigContext, config: ConfigFile): InputSourceSpec[] {
  const entries = config.inputs ?? [];
  const standard = entries.flatMap((entry, index) => (entry.file === "-" ? [index] : []));
  for (const index of standard.slice(1)) {
    const expected = "a file: standard input can be read by one input only";
    context.add("WE_CONFIG_VALUE", ["inputs", index, "file"], {
      expected,
      came: '"-"',
      advice: "use a file",
    });
  }
  return entries.flatMap((entry, index) => resolveInput(context, ["inputs", index], entry) ?? []);
}

function resolveInput(context: ConfigContext, path: Path, entry: InputEntry): InputSourceSpec | undefined {
  const isStandard = entry.file === "-";
  const format = entry.format ?? (isStandard ? "jsonl" : formatOfPath(entry.file));
  if (format === undefined) {
    const expected = "a .csv, .jsonl or .ndjson file, also with .gz";
    const advice = "or say what it is with `format: csv` or `format: jsonl`";
    context.add("WE_CONFIG_VALUE", [...path, "file"], { expected, came: shown(entry.file), advice });
  }
  const file = isStandard ? "-" : context.file([...path, "file"], entry.file);
  if (format === undefined || file === undefined) return undefined;
  const at = typeof entry.at === "string" ? { field: entry.at } : entry.at;
  return {
    path: file,
    format,
    topic: entry.topic,
    ...(at === undefined ? {} : { at: at.field, ...(at.unit === undefined ? {} : { atUnit: at.unit }) }),
    ...(entry.to === undefined ? {} : { to: entry.to }),
    ...(entry.fields === undefined ? {} : { fields: inputFields(entry.fields) }),
    ...(entry.key === undefined ? {} : { key: entry.key }),
  };
}

function inputFields(fields: NonNullable<InputEntry["fields"]>): InputField[] {
  if (isNameList(fields)) return fields.map((field) => ({ name: field, field, type: "auto" }));
  return Object.entries(fields).map(([name, value]) =>
    typeof value === "string"
      ? { name, field: value, type: "auto" }
      : { name, field: value.field, type: value.type ?? "auto" },
  );
}

/** `Array.isArray` does not narrow readonly arrays. */
function isNameList(fields: NonNullable<InputEntry["fields"]>): fields is readonly string[] {
  return Array.isArray(fields);
}

/** The output files; no two may be the same. */
export function resolveOutputs(context: ConfigContext, config: ConfigFile): OutputSpec[] {
  const inputs = (config.inputs ?? []).map(
    (entry, index) => [context.absolute(entry.file), `inputs[${index}]`] as const,
  );
  const owners = new Map<string, string>(inputs);
  return (config.outputs ?? []).map((entry, index) => {
    const path = context.absolute(entry.file);
    const owner = owners.get(path);
    const came = shown(entry.file);
    if (owner === undefined) owners.set(path, `outputs[${index}]`);
    else
      context.add("WE_CONFIG_OUTPUT_SHARED", ["outputs", index, "file"], {
        came,
        other: owner,
      });
    return { topic: entry.topic, path };
  });
}

/** The stop rule. `ticks` is the flag of that name: the run ends there at the latest. */
export function resolveStop(
  context: ConfigContext,
  config: ConfigFile,
  options: { readonly drafts: readonly AgentDraft[]; readonly ticks?: number },
): StopRule {
  const stop = config.stop ?? {};
  const when = stop.when ?? ENGINE_DEFAULTS.when;
  const bounds = [stop.maxTicks, options.ticks].filter((bound) => bound !== undefined);
  const limit = bounds.length === 0 ? {} : { maxTicks: Math.min(...bounds) };
  if (when !== "tick" && stop.tick !== undefined) {
    const parameters = {
      expected: "absent unless `when: tick`",
      came: shown(stop.tick),
      advice: "write `when: tick`, or maxTicks",
    };
    context.add("WE_CONFIG_VALUE", ["stop", "tick"], parameters);
  }
  if (when === "idle" || when === "inputs-done" || when === "never") return { when, ...limit };
  if (when === "tick") {
    if (stop.tick === undefined) {
      const advice = "tick: the first tick that is not executed any more";
      context.add("WE_CONFIG_KEY_MISSING", ["stop"], { expected: '"tick"', came: "nothing", advice });
    }
    return { when, tick: stop.tick ?? 1, ...limit };
  }
  const agent = when.split(" ")[1] ?? "";
  const known = options.drafts.map((draft): string => draft.id);
  context.reference(["stop", "when"], { name: agent, known, what: "agent" });
  assert(isAgentId(agent), "the schema accepts agent ids only");
  return { when: "exit", agent, ...limit };
}
