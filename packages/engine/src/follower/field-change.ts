/**
 * The tick that changed a field of what an agent says about itself last. The index knows in which ticks the agent took
 * turns; stretches of them are executed again, the latest first, until one shows a change.
 */

import { isAgentId } from "@wasm-engine/abi";
import { equalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { fail as worldError } from "../world/errors.js";
import { fail } from "./errors.js";
import type { EventIndex } from "./event-index.js";
import type { TrackBases } from "./track-bases.js";
import { TraceKind } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";
import { watchTicks } from "./watched-ticks.js";

export interface FieldChange {
  readonly tick: number;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** Invocations of the agent in that tick. */
  readonly invocations: readonly NumberedEvent[];
}

export interface FieldQuestion {
  readonly agent: string;
  readonly path: string;
  /** The value as of this tick. */
  readonly at: number;
}

/** @throws {WE_AGENT_UNKNOWN} {WE_FOLLOWER_FIELD} {WE_RUN_DIVERGED} */
export function fieldChange(bases: TrackBases, index: EventIndex, question: FieldQuestion): FieldChange {
  const { agent, at } = question;
  const turns = turnTicks(index, agent, at);
  if (!isAgentId(agent) || turns.length === 0) throw worldError("WE_AGENT_UNKNOWN", { agent, tick: at });
  let stretch = firstStretch;
  for (let end = turns.length; end > 0; stretch *= 4) {
    const start = Math.max(0, end - stretch);
    // One turn before the stretch, so that a change in its first turn shows.
    const ticks = new Set(turns.slice(Math.max(0, start - 1), end));
    const change = lastChange(bases, question, ticks, start === 0);
    if (change !== undefined) {
      const invocations = [...index.ofTick(change.tick)].filter(
        (event) => event.kind === TraceKind.INVOCATION && index.name(event.agent) === agent,
      );
      return { ...change, invocations };
    }
    end = start;
  }
  throw worldError("WE_AGENT_UNKNOWN", { agent, tick: at });
}

/** Turns of a stretch at first; the next one is longer, as a change is the less likely to be near. */
const firstStretch = 64;

function turnTicks(index: EventIndex, agent: string, at: number): readonly number[] {
  const number = index.find(agent);
  const ticks: number[] = [];
  for (const event of index.from(0)) {
    if (event.tick > at) break;
    if (event.kind === TraceKind.TURN && event.agent === number) ticks.push(event.tick);
  }
  return ticks;
}

/** The last change among `ticks`. In the first stretch the first value that there is counts as one. */
function lastChange(
  bases: TrackBases,
  { agent, path, at }: FieldQuestion,
  ticks: ReadonlySet<number>,
  isFirst: boolean,
): Omit<FieldChange, "invocations"> | undefined {
  let change: Omit<FieldChange, "invocations"> | undefined;
  let value: Json | undefined;
  let described: Json | undefined;
  let isKnown = isFirst;
  watchTicks(bases, { from: Math.min(...ticks), to: Math.max(...ticks) }, ({ tick, track }) => {
    if (!ticks.has(tick)) return;
    const view = isAgentId(agent) ? track.world.agent(agent) : undefined;
    if (view === undefined) return;
    described = track.describe(view.handle);
    const next = valueAt(described, path);
    if (isKnown && !equalJson(next, value)) change = { tick, before: value, after: next };
    [value, isKnown] = [next, true];
  });
  if (change === undefined && value === undefined)
    throw fail("WE_FOLLOWER_FIELD", { agent, path, tick: at, fields: fieldsOf(described) });
  return change;
}

/** `a.b.0`: members and places of lists. */
export function valueAt(described: Json | undefined, path: string): Json | undefined {
  let value: unknown = described;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name]; // looked at before
  }
  return value as Json | undefined; // part of a described state
}

function fieldsOf(described: Json | undefined): string {
  if (typeof described !== "object" || described === null) return "nothing";
  return Object.keys(described).slice(0, 20).join(", ");
}
