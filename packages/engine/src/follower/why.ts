/** Answers `why`: finds what is asked about, follows its causes, and says what each link said. */

import type { RecordedRun } from "../replay/track.js";
import { causeChain, chainsBehind } from "./causes.js";
import type { CauseChain } from "./causes.js";
import type { CauseLink, WhyReport, WhyTarget } from "./contract.js";
import { fail } from "./errors.js";
import type { EventIndex } from "./event-index.js";
import { fieldChange } from "./field-change.js";
import { payloadExcerpts } from "./payload-excerpts.js";
import { idOf, rowOf } from "./trace-rows.js";
import { TraceKind } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";

/** Chains behind the first one, where nobody says how many. */
const behindDefault = 3;

/** @throws {WE_FOLLOWER_EVENT} {WE_FOLLOWER_FIELD} {WE_AGENT_UNKNOWN} {WE_RUN_DIVERGED} */
export function why(
  run: RecordedRun,
  index: EventIndex,
  { target, behind = behindDefault }: { readonly target: WhyTarget; readonly behind?: number },
): WhyReport {
  const asOfTick = index.tick;
  const { event, field } = targetOf(run, index, target);
  const chain = causeChain(index, event);
  const others = [...chainsBehind(index, chain, behind)];
  const all = [chain, ...others].flatMap(({ events }) => events);
  const excerpts = payloadExcerpts(run, index, all);
  const told = ({ events, root }: CauseChain): { chain: CauseLink[]; root: WhyReport["root"] } => ({
    chain: events.map((link) => {
      const payload = excerpts.get(link.event);
      return { ...rowOf(index, link), ...(payload === undefined ? {} : { payload }) };
    }),
    root,
  });
  return { asOfTick, ...(field === undefined ? {} : { field }), ...told(chain), behind: others.map(told) };
}

interface Found {
  readonly event: NumberedEvent;
  readonly field?: WhyReport["field"];
}

function targetOf(run: RecordedRun, index: EventIndex, target: WhyTarget): Found {
  if (target.kind === "fault") return { event: eventOf(index, `fault:${target.number}`) };
  if (target.kind === "event") return { event: eventOf(index, target.id) };
  const { agent, path, at = index.tick } = target;
  const { invocations, ...change } = fieldChange(run, index, { agent, path, at: Math.min(at, index.tick) });
  const event = invocations.at(-1);
  if (event === undefined) throw fail("WE_FOLLOWER_EVENT", { id: agent, tick: index.tick });
  return { event, field: { agent, path, ...change, invocations: invocations.length } };
}

/** The newest event of that name. Of a message, its sending: it has one name for both. @throws {WE_FOLLOWER_EVENT} */
function eventOf(index: EventIndex, id: string): NumberedEvent {
  const place = /^#?(\d+)$/.exec(id)?.[1];
  const found = place === undefined ? namedEvent(index, id) : index.at(Number(place));
  if (found === undefined) throw fail("WE_FOLLOWER_EVENT", { id, tick: index.tick });
  return found;
}

function namedEvent(index: EventIndex, id: string): NumberedEvent | undefined {
  const [, name = "", count = ""] = /^(.+):(\d+)$/.exec(id) ?? [];
  const number = Number(count);
  const agent = index.find(name);
  const isIt = (event: NumberedEvent): boolean => {
    if (event.number !== number || event.kind === TraceKind.INVOCATION) return false;
    const isNamed = name === "input" || name === "fault" || event.agent === agent;
    return isNamed && idOf(index, event) === id;
  };
  for (const event of index.before(index.events)) if (isIt(event)) return event;
  return undefined;
}
