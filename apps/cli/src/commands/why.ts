/** `why RUN MESSAGE`: the chain of causes behind a message, a fault, or the last change of a field. */

import { followRun } from "@wasm-engine/engine";
import type { WhyReport, WhyTarget } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { integerOption, textOption } from "../command.js";
import { fail } from "../errors.js";
import { visible } from "../visible.js";
import { rowText } from "./trace.js";

export const why: CommandFunction = async ({ parsed, signal }) => {
  const target = targetOf(parsed);
  const behind = integerOption(parsed, "behind");
  await using run = await followRun(parsed.arguments[0] ?? "", { signal });
  await run.reach(target.kind === "field" ? target.at : undefined);
  const report = await run.why(target, behind === undefined ? {} : { behind });
  return { document: report, text: reportText(report) };
};

/** Exactly one of the three. @throws {WE_CLI_WHY} */
function targetOf(parsed: Parsed): WhyTarget {
  const id = parsed.arguments[1];
  const number = integerOption(parsed, "fault");
  const agent = textOption(parsed, "agent");
  const path = textOption(parsed, "field");
  const at = integerOption(parsed, "at");
  const targets: readonly (WhyTarget | undefined)[] = [
    id === undefined ? undefined : { kind: "event", id },
    number === undefined ? undefined : { kind: "fault", number },
    agent === undefined || path === undefined
      ? undefined
      : { kind: "field", agent, path, ...(at === undefined ? {} : { at }) },
  ];
  const [target, ...more] = targets.filter((each) => each !== undefined);
  const isStray = (agent === undefined) !== (path === undefined);
  if (target === undefined || more.length > 0 || isStray) throw fail("WE_CLI_WHY", {});
  return target;
}

const roots: Readonly<Record<WhyReport["root"], string>> = {
  input: "this came from outside",
  start: "the agent's start",
  cadence: "the agent's cadence: nobody asked for it",
  cut: "… and so on: the chain is longer",
  unknown: "nothing earlier is known",
};

function reportText({ asOfTick, field, chain, root, behind }: WhyReport): string {
  const head =
    field === undefined
      ? []
      : [
          `${field.agent} ${field.path}: ${jsonText(field.before)} -> ${jsonText(field.after)} in tick ${field.tick}` +
            (field.invocations > 1 ? `, in one of ${field.invocations} invocations; the last one:` : ""),
        ];
  const lines = [...head, ...chain.map((link) => rowText(link)), `  ${roots[root]}`];
  for (const { chain: links, root: end } of behind) {
    const [first] = links;
    lines.push(
      `before that, ${first?.agentId ?? ""} had been told:`,
      ...links.map((link) => `  ${rowText(link)}`),
      `    ${roots[end]}`,
    );
  }
  return [...lines, `as of tick ${asOfTick}`].join("\n");
}

function jsonText(value: unknown): string {
  return value === undefined ? "nothing" : visible(JSON.stringify(value));
}
