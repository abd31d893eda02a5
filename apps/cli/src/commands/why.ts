/** `why RUN MESSAGE`: the chain of causes behind a message, a fault, or the last change of a field. */

import { followRun } from "@wasm-engine/engine";
import type { CauseLink, Influence, WhyReport, WhyTarget } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { integerOption, textOption } from "../command.js";
import { fail } from "../errors.js";
import { shortened, visible } from "../visible.js";
import { rowText } from "./trace.js";

/** Characters of what was said in one line; --json has more. */
const payloadShownMax = 160;

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
  const isStray = (agent === undefined) !== (path === undefined) || (at !== undefined && path === undefined);
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

function reportText({ asOfTick, field, chain, root, behind, nothingBehind }: WhyReport): string {
  const head =
    field === undefined
      ? []
      : [
          `${field.agent} ${field.path}: ${jsonText(field.before)} -> ${jsonText(field.after)} in tick ${field.tick}` +
            (field.invocations > 1 ? `, in one of ${field.invocations} invocations; the last one:` : ""),
        ];
  const lines = [...head, ...chain.map(linkText), `  ${roots[root]}`];
  for (const { chain: links, root: end, influence } of behind) {
    lines.push(
      ...influenceLines(links[0]?.agentId ?? "", influence),
      ...links.map((link) => `  ${linkText(link)}`),
      `    ${roots[end]}`,
    );
  }
  if (nothingBehind !== undefined) lines.push(endText(nothingBehind));
  return [...lines, `as of tick ${asOfTick}`].join("\n");
}

const withoutTexts: Readonly<Record<Influence["without"], string>> = {
  different: "it would have done otherwise without this",
  nothing: "it would not have done so without this",
  unknown: "nothing proves that it mattered",
};

function influenceLines(agent: string, { without, instead, tried }: Influence): readonly string[] {
  const newer = tried === 0 ? "" : `; ${tried} newer ${tried === 1 ? "message" : "messages"} changed nothing`;
  const lines = [`before that, ${agent} had been told (${withoutTexts[without]}${newer}):`];
  return instead === undefined ? lines : [...lines, `  instead: ${shortened(instead, payloadShownMax)}`];
}

function endText({ agent, tried }: NonNullable<WhyReport["nothingBehind"]>): string {
  if (tried === 0) return `before that, no other agent had told ${agent} anything`;
  const left = `${tried} ${tried === 1 ? "message" : "messages"} left out`;
  return `nothing that ${agent} had been told before changes it: ${left}`;
}

function linkText(link: CauseLink): string {
  const { payload, undelivered = [], ...row } = link;
  const said =
    payload === undefined ? rowText(row) : `${rowText(row)} ${shortened(payload, payloadShownMax)}`;
  const lost = undelivered.map(({ agentId, reason }) => `${agentId === "" ? "(nobody)" : agentId} ${reason}`);
  return lost.length === 0 ? said : `${said}\n  not delivered: ${lost.join(", ")}`;
}

function jsonText(value: unknown): string {
  return value === undefined ? "nothing" : visible(JSON.stringify(value));
}
