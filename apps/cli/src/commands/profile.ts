/** `profile RUN --fuel`: executes a run again and tells which code its fuel went to. */

import { profileOfRun } from "@wasm-engine/engine";
import type { ProfileReport, ProfileRunOptions } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { flagOption, integerOption, listOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { writeOutputFile } from "../output-file.js";
import { callGraph, foldedStacks } from "../profile/call-graph.js";
import { flameGraph } from "../profile/flame-graph.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

/** Rows of the table where nothing is said. */
const topDefault = 20;

export const profile: CommandFunction = async ({ parsed, reporter, signal }) => {
  const report = await profileOfRun(parsed.arguments[0] ?? "", {
    ...options(parsed),
    signal,
    onProgress: ({ tick, turnsExecuted }) =>
      reporter.progress(`profiling tick ${tick}  ${turnsExecuted} turns`),
  });
  const { tree, ...document } = report;
  const graph = callGraph(tree);
  const svg = write(parsed, "out", () => flameGraph(graph, headOf(report)));
  const folded = write(parsed, "folded", () => foldedStacks(graph));
  const top = integerOption(parsed, "top") ?? topDefault;
  return {
    document: {
      ...document,
      ...(svg === undefined ? {} : { svg }),
      ...(folded === undefined ? {} : { folded }),
    },
    text: textOf(report, { top, written: [svg, folded].flatMap((path) => path ?? []) }),
  };
};

function options(parsed: Parsed): ProfileRunOptions {
  const agent = textOption(parsed, "agent");
  const module = textOption(parsed, "module");
  const from = integerOption(parsed, "from");
  const to = integerOption(parsed, "to");
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(module === undefined ? {} : { module }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    names: Object.fromEntries(listOption(parsed, "names").map(nameSource)),
    ...(flagOption(parsed, "blocks") ? { blocks: true } : {}),
  };
}

/** `MODULE=FILE`. @throws {WE_CLI_USAGE} */
function nameSource(text: string): [module: string, file: string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw usageError("profile", `"${text}" is not MODULE=FILE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The path of what was written; undefined where it was not asked for. @throws {WE_CLI_FILE} */
function write(parsed: Parsed, option: "out" | "folded", content: () => string): string | undefined {
  const given = textOption(parsed, option);
  if (given === undefined) return undefined;
  return writeOutputFile(given, content());
}

function headOf({ runId, from, to, fuel, calls, agents }: ProfileReport): {
  title: string;
  subtitle: string;
} {
  const title = `Fuel of run ${runId}`;
  const ticks = from === to ? `tick ${from}` : `ticks ${from} to ${to}`;
  return { title, subtitle: `${ticks}, ${agents.length} agents, ${calls} calls, ${fuel} fuel` };
}

function textOf(
  report: ProfileReport,
  { top, written }: { readonly top: number; readonly written: readonly string[] },
): string {
  const { fuel, functions, blocks, faultedCalls, overdrawnFuel } = report;
  const share = (part: number): string => (fuel === 0 ? "-" : `${((100 * part) / fuel).toFixed(2)} %`);
  const rows = functions
    .slice(0, top)
    .map(({ module, name, calls, selfFuel, totalFuel }) => [
      selfFuel,
      share(selfFuel),
      totalFuel,
      share(totalFuel),
      calls,
      module,
      visible(name, ""),
    ]);
  const { title, subtitle } = headOf(report);
  const lines = [`${title}: ${subtitle}`];
  if (faultedCalls > 0)
    lines.push(`${faultedCalls} calls faulted: each is charged every slice that it had begun`);
  if (overdrawnFuel > 0)
    lines.push(`${overdrawnFuel} fuel was executed by faulted calls and charged to nobody`);
  lines.push("", textTable(["self", "%", "total", "%", "calls", "module", "function"], rows));
  if (functions.length > top) lines.push(`… ${functions.length - top} more: --top N, --json`);
  if (functions.slice(0, top).some(({ name, index }) => name === `function ${index}`))
    lines.push("functions without names: --names MODULE=FILE takes them from a build of the same code");
  if (blocks !== undefined) lines.push("", blockTable(blocks.slice(0, top), share));
  if (written.length > 0) lines.push("", ...written.map((path) => `written ${path}`));
  return lines.join("\n");
}

function blockTable(blocks: NonNullable<ProfileReport["blocks"]>, share: (part: number) => string): string {
  const rows = blocks.map(({ fuel, times, module, name, offset }) => {
    const place = offset < 0 ? "-" : `0x${offset.toString(16)}`;
    return [fuel, share(fuel), times, place, module, visible(name, "")];
  });
  return textTable(["fuel", "%", "times", "offset", "module", "function"], rows);
}
