/** The difference between two runs, compact, for people. */

import type {
  AgentDifference,
  EntryChange,
  RunDifference,
  StateChange,
  StoryEntry,
} from "@wasm-engine/engine";
import { shortened } from "../visible.js";
import type { Paint } from "./paint.js";

/** Changes of one agent that are shown; the report has all. */
const changesShownMax = 12;
/** Agents that are shown. */
const agentsShownMax = 12;
/** Characters of one text. */
const textShownMax = 120;

export function differenceText(difference: RunDifference, paint: Paint): readonly string[] {
  const { equal, firstTick, agents, cutAfter } = difference;
  const cut =
    cutAfter === undefined ? [] : [`  after tick ${cutAfter} nothing was compared: too much happened`];
  if (equal) return [`${paint("green", "same     ")} as the run before`, ...cut];
  const from = firstTick === undefined ? "in what agents say at the end" : `from tick ${firstTick}`;
  const shown = agents.slice(0, agentsShownMax);
  const rest = agents.length - shown.length;
  return [
    `${paint("cyan", "differs  ")} from the run before, ${from}`,
    ...shown.flatMap((agent) => agentLines(agent, paint)),
    ...(rest > 0 ? [`  and ${rest} more agents`] : []),
    ...cut,
  ];
}

function agentLines({ agentId, only, entries, states }: AgentDifference, paint: Paint): readonly string[] {
  const where = only === undefined ? "" : only === "after" ? " (new)" : " (gone)";
  const lines = [
    ...entries.flatMap((change) => entryLines(change, paint)),
    ...states.map((change) => stateLine(change, paint)),
  ];
  const shown = lines.slice(0, changesShownMax);
  const rest = lines.length - shown.length;
  return [
    `  ${paint("bold", agentId)}${where}`,
    ...shown.map((line) => `    ${line}`),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ];
}

function entryLines({ before, after }: EntryChange, paint: Paint): readonly string[] {
  return [
    ...(before === undefined ? [] : [paint("red", `- ${entryText(before)}`)]),
    ...(after === undefined ? [] : [paint("green", `+ ${entryText(after)}`)]),
  ];
}

const words: Readonly<Record<StoryEntry["kind"], string>> = {
  sent: "to",
  published: "published",
  replied: "replied",
  asked: "asked",
  heard: "heard from",
  said: "said",
  fault: "fault",
  exit: "ended with",
};

function entryText({ tick, kind, about, text }: StoryEntry): string {
  const shown = shortened(text, textShownMax);
  return `tick ${tick} ${words[kind]} ${about}${shown === "" ? "" : `: ${shown}`}`;
}

function stateLine({ path, before, after }: StateChange, paint: Paint): string {
  const side = (value: unknown): string =>
    value === undefined ? "nothing" : shortened(JSON.stringify(value), textShownMax);
  const name = path === "" ? "describes itself" : path;
  return `${paint("yellow", "~")} ${name}: ${paint("red", side(before))} -> ${paint("green", side(after))}`;
}
