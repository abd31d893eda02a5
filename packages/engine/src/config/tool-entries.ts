/** `tools` of engine.yaml: which module each is, or what stands for it, and what it is given. */

import { extname } from "node:path";
import type { AdapterSetup, ProgramSetup, SecretSource, ToolSetup } from "../adapters/contract.js";
import { toolTimeoutMsDefault } from "../adapters/limits.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile, ToolEntry } from "./config-file.js";
import { resolveFake } from "./fake-entries.js";
import { shown } from "./problem.js";
import { resolveSecret } from "./secret-entries.js";
import type { Path } from "./yaml-document.js";

const sources = ["path", "program", "scripted", "recorded", "failing"] as const;
type Source = (typeof sources)[number];

/** Members that belong to some sources only. */
const belongings: Readonly<Partial<Record<keyof ToolEntry, readonly Source[]>>> = {
  export: ["path"],
  secrets: ["path"],
  idempotent: ["path", "program"],
  reuse: ["path"],
  code: ["failing"],
  message: ["failing"],
};

/** What a tool may be written in. */
const extensions: readonly string[] = [".ts", ".mts", ".js", ".mjs"];

/** The tools in the order of their names; problems are noted in the context. */
export function resolveTools(context: ConfigContext, config: ConfigFile): readonly AdapterSetup[] {
  return Object.entries(config.tools ?? {})
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, written]) => resolveTool(context, name, written) ?? []);
}

function resolveTool(
  context: ConfigContext,
  name: string,
  written: string | ToolEntry,
): AdapterSetup | undefined {
  const path = ["tools", name];
  if (typeof written === "string") return resolveModule(context, path, { name, entry: { path: written } });
  const named = sources.filter((source) => written[source] !== undefined);
  const [source, second] = named;
  if (source === undefined) {
    const advice = "a tool is a module (path), a function of the program, or something that stands for one";
    const expected = "path, program, scripted, recorded or failing";
    context.add("WE_CONFIG_KEY_MISSING", path, { expected, came: "nothing", advice });
    return undefined;
  }
  if (second !== undefined) {
    const advice = "an entry has one source";
    const expected = `absent beside ${source}`;
    context.add("WE_CONFIG_VALUE", [...path, second], { expected, came: shown(written[second]), advice });
    return undefined;
  }
  checkBelongings(context, path, written, source);
  if (source === "path") return resolveModule(context, [...path, "path"], { name, entry: written });
  if (source === "program") return programOf(name, written);
  return resolveFake(context, path, { name, serves: "tool", entry: written });
}

function programOf(name: string, entry: ToolEntry): ProgramSetup {
  const { timeoutMs = toolTimeoutMsDefault, delivery, latencyTicks, idempotent } = entry;
  return {
    kind: "program",
    serves: "tool",
    name,
    timeoutMs,
    secrets: {},
    ...(delivery === undefined ? {} : { delivery }),
    ...(latencyTicks === undefined ? {} : { latencyTicks }),
    ...(idempotent === undefined ? {} : { idempotent }),
  };
}

function checkBelongings(context: ConfigContext, path: Path, entry: ToolEntry, source: Source): void {
  for (const [member, owners] of Object.entries(belongings)) {
    if (!(member in entry) || owners.includes(source)) continue;
    const advice = `it belongs to ${owners.join(", ")}; remove it`;
    const expected = `absent beside ${source}`;
    context.add("WE_CONFIG_VALUE", [...path, member], { expected, came: "a value", advice });
  }
}

function resolveModule(
  context: ConfigContext,
  where: Path,
  { name, entry }: { readonly name: string; readonly entry: ToolEntry },
): ToolSetup | undefined {
  const { path: given = "", timeoutMs = toolTimeoutMsDefault, reuse = false } = entry;
  const secrets = resolveSecrets(context, name, entry);
  const path = context.file(where, given);
  if (path === undefined) return undefined;
  if (!extensions.includes(extname(path))) {
    const expected = `a file that ends in ${extensions.join(", ")}`;
    const advice = "a tool is a module that runs in Node.js beside the world";
    context.add("WE_CONFIG_VALUE", where, { expected, came: shown(given), advice });
    return undefined;
  }
  const { export: exported, delivery, latencyTicks, idempotent } = entry;
  return {
    kind: "tool",
    serves: "tool",
    name,
    path,
    timeoutMs,
    reuse,
    secrets,
    ...(exported === undefined ? {} : { export: exported }),
    ...(delivery === undefined ? {} : { delivery }),
    ...(latencyTicks === undefined ? {} : { latencyTicks }),
    ...(idempotent === undefined ? {} : { idempotent }),
  };
}

function resolveSecrets(
  context: ConfigContext,
  tool: string,
  { secrets = {} }: ToolEntry,
): Readonly<Record<string, SecretSource>> {
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, entry]) => {
      const source = resolveSecret(context, ["tools", tool, "secrets", name], entry);
      return source === undefined ? [] : [[name, source]];
    }),
  );
}
