/** Answers `why`: finds what is asked about, follows its causes, and says what each link said. */

import type { RecordedRun } from "../replay/track.js";
import { causeChain } from "./causes.js";
import type { CauseChain } from "./causes.js";
import type { CauseLink, Influence, WhyReport, WhyTarget } from "./contract.js";
import { requireReach } from "../storage/event-log-reader.js";
import { tickError } from "../world/errors.js";
import { fail } from "./errors.js";
import type { EventIndex } from "./event-index.js";
import { fieldChange } from "./field-change.js";
import { influenceOn } from "./influence.js";
import { payloadExcerpts } from "./payload-excerpts.js";
import { idOf, rowOf } from "./trace-rows.js";
import { TrackBases } from "./track-bases.js";
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
  const bases = new TrackBases(run);
  const { event, field } = targetOf(bases, index, target);
  const chain = causeChain(index, event);
  const { others, end } = chainsBehind(bases, index, { chain, count: behind, path: field?.path });
  const all = [chain, ...others].flatMap(({ events }) => events);
  const excerpts = payloadExcerpts(bases, index, all);
  const told = ({ events, root }: CauseChain): { chain: CauseLink[]; root: WhyReport["root"] } => ({
    chain: events.map((link) => ({ ...rowOf(index, link), ...excerpts.get(link.event) })),
    root,
  });
  return {
    asOfTick,
    ...(field === undefined ? {} : { field }),
    ...told(chain),
    behind: others.map((other) => ({ ...told(other), influence: other.influence })),
    ...(end === undefined ? {} : { nothingBehind: end }),
  };
}

type ChainBehind = CauseChain & { readonly influence: Influence };

/** What mattered of what the agents of the chain had been told, from its end on; then the same of each chain found. */
function chainsBehind(
  bases: TrackBases,
  index: EventIndex,
  from: { readonly chain: CauseChain; readonly count: number; readonly path: string | undefined },
): { readonly others: readonly ChainBehind[]; readonly end?: WhyReport["nothingBehind"] } {
  const others: ChainBehind[] = [];
  const known = new Set<number>();
  const queue: CauseChain[] = [from.chain];
  let end: WhyReport["nothingBehind"];
  for (let chain = queue.shift(); chain !== undefined; chain = queue.shift()) {
    const first = chain.events.findLastIndex(({ kind }) => kind === TraceKind.INVOCATION);
    for (let at = 0; at <= first && others.length < from.count; at += 1) {
      const invocation = chain.events[at];
      if (invocation?.kind !== TraceKind.INVOCATION) continue;
      const path = chain === from.chain && at === 0 ? from.path : undefined;
      const told = influenceOn(bases, index, { chain, at, isFirst: at === first, path });
      if (told === undefined) continue;
      if (told.event === undefined) {
        if (at === first) end = { agent: index.name(invocation.agent), tried: told.tried };
        continue;
      }
      if (known.has(told.event.event)) continue;
      known.add(told.event.event);
      const next = { ...causeChain(index, told.event), influence: told.influence };
      others.push(next);
      queue.push(next);
    }
  }
  return others.length > 0 || end === undefined ? { others } : { others, end };
}

interface Found {
  readonly event: NumberedEvent;
  readonly field?: WhyReport["field"];
}

function targetOf(bases: TrackBases, index: EventIndex, target: WhyTarget): Found {
  if (target.kind === "fault") return { event: eventOf(bases, index, `fault:${target.number}`) };
  if (target.kind === "event") return { event: eventOf(bases, index, target.id) };
  const { agent, path, at = index.tick } = target;
  const last = Math.max(index.tick, bases.run.log.reachedTick);
  if (at > last) throw tickError(at, { first: 0, last });
  requireReach(bases.run.dir, bases.run.log.base, at, at);
  const { invocations, ...change } = fieldChange(bases, index, { agent, path, at: Math.min(at, index.tick) });
  const event = invocations.at(-1);
  if (event === undefined) throw noEvent(bases, index, agent);
  return { event, field: { agent, path, ...change, invocations: invocations.length } };
}

/** The newest event of that name. Of a message, its sending: it has one name for both. @throws {WE_FOLLOWER_EVENT} */
function eventOf(bases: TrackBases, index: EventIndex, id: string): NumberedEvent {
  const place = /^#?(\d+)$/.exec(id)?.[1];
  const found = place === undefined ? namedEvent(index, id) : index.at(Number(place));
  if (found === undefined) throw noEvent(bases, index, id);
  return found;
}

/** Of a run without its beginning it is said where events begin. */
function noEvent({ run }: TrackBases, { tick }: EventIndex, id: string): Error {
  const { base } = run.log;
  const span =
    base === undefined
      ? ` up to tick ${tick}`
      : `, which begins after tick ${base.tick} since compact gave up what came before, up to tick ${tick}`;
  return fail("WE_FOLLOWER_EVENT", { id, span });
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
