/** The agents of a configuration: `each` entries expanded to one agent per row, templates filled, ids unique. */

import { EngineError, isAgentId } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { formatOfPath, readRecords } from "../inputs/record-reader.js";
import type { FieldRecord } from "../inputs/record-reader.js";
import { fillTemplate, parseTemplate, soleField } from "../inputs/template.js";
import type { ConfigContext } from "./config-context.js";
import type { AgentEntry, ConfigFile } from "./config-file.js";
import { agentsCeiling } from "./limits.js";
import { shown } from "./problem.js";
import { adviceFor } from "./suggestion.js";
import type { Path } from "./yaml-document.js";

/** One agent to be, and where it was written. */
export interface AgentDraft {
  readonly id: AgentId;
  readonly entry: AgentEntry;
  readonly path: Path;
  /** ` (airports.csv:17)` where it comes from a table, else empty. */
  readonly row: string;
}

/** Every agent of the file in order; problems are noted in the context. */
export function expandAgents(context: ConfigContext, config: ConfigFile): AgentDraft[] {
  const drafts: AgentDraft[] = [];
  const owners = new Map<string, string>();
  const agentsMax = config.agentsMax ?? agentsCeiling;
  let count = 0;
  for (const [index, entry] of config.agents.entries()) {
    const path: Path = ["agents", index];
    for (const { filled, row } of entry.each === undefined
      ? [{ filled: entry, row: "" }]
      : rows(context, path, entry)) {
      count += 1;
      const id = filled.id;
      if (!isAgentId(id)) {
        context.add("WE_CONFIG_AGENT_ID", [...path, "id"], { came: shown(id) }, row);
        continue;
      }
      const owner = owners.get(id);
      if (owner !== undefined) {
        context.add("WE_CONFIG_AGENT_DUPLICATE", [...path, "id"], {
          came: `${shown(id)}${row}`,
          other: owner,
        });
        continue;
      }
      owners.set(id, `agents[${index}]${row}`);
      if (count <= agentsMax) drafts.push({ id, entry: filled, path, row });
    }
  }
  if (count > agentsMax) {
    context.add("WE_CONFIG_AGENTS_TOO_MANY", ["agents"], { count, agentsMax, ceiling: agentsCeiling });
  }
  return drafts;
}

interface FilledEntry {
  readonly filled: AgentEntry;
  readonly row: string;
}

function rows(context: ConfigContext, path: Path, entry: AgentEntry): FilledEntry[] {
  const table = entry.each ?? "";
  const eachPath: Path = [...path, "each"];
  const format = formatOfPath(table);
  if (format === undefined) {
    const advice = "use .csv, .jsonl or .ndjson, also with .gz";
    context.add("WE_CONFIG_VALUE", eachPath, {
      expected: "a CSV or JSON Lines file",
      came: shown(table),
      advice,
    });
    return [];
  }
  const file = context.file(eachPath, table);
  if (file === undefined) return [];
  const filled: FilledEntry[] = [];
  try {
    for (const record of readRecords(file, { format })) {
      const row = ` (${table}:${record.line})`;
      const result = fillEntry(context, { path, entry, table, row }, record);
      // A placeholder without column is wrong in every row alike: once is enough.
      if (result === undefined) return [];
      filled.push({ filled: result, row });
    }
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    const parameters = { cause: error.message, advice: error.hint ?? "correct the table" };
    context.add("WE_CONFIG_TABLE", eachPath, parameters);
  }
  return filled;
}

interface Row {
  readonly path: Path;
  readonly entry: AgentEntry;
  readonly table: string;
  readonly row: string;
}

function fillEntry(context: ConfigContext, row: Row, record: FieldRecord): AgentEntry | undefined {
  let isComplete = true;
  const missing = (field: string, path: Path): void => {
    isComplete = false;
    const advice = adviceFor(field, record.names(), "columns");
    context.add("WE_CONFIG_TEMPLATE", path, { came: `{${field}}`, table: row.table, advice }, row.row);
  };
  const filled = Object.fromEntries(
    Object.entries(row.entry).flatMap(([key, value]) => {
      if (key === "each") return [];
      const isTyped = key === "args";
      return [[key, fillValue(value as Json, { path: [...row.path, key], isTyped, record, missing })]]; // from YAML
    }),
  );
  return isComplete ? (filled as unknown as AgentEntry) : undefined; // texts filled, shape unchanged
}

interface Filling {
  readonly path: Path;
  /** A sole placeholder takes the value of the cell; else it is always text. */
  readonly isTyped: boolean;
  readonly record: FieldRecord;
  readonly missing: (field: string, path: Path) => void;
}

function fillValue(value: Json, filling: Filling): Json {
  if (typeof value === "string") return fillText(value, filling);
  const inside = (step: string | number): Filling => ({ ...filling, path: [...filling.path, step] });
  if (isList(value)) return value.map((item, index) => fillValue(item, inside(index)));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillValue(item, inside(key))]));
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function fillText(text: string, { path, isTyped, record, missing }: Filling): Json {
  const template = parseTemplate(text);
  const sole = soleField(template);
  if (isTyped && sole !== undefined) {
    const value = record.value(sole);
    if (value === undefined) missing(sole, path);
    return value ?? null;
  }
  return fillTemplate(template, (field) => {
    const cell = record.text(field);
    if (cell === undefined) missing(field, path);
    return cell ?? "";
  });
}
