/**
 * Which message of another agent mattered: what an agent had been told is left out, the newest first, until what it did
 * is not what it did. Proof by trial; where an agent cannot be executed alone, only order is known.
 */

import { EffectKind, EngineError, MessageKind, decodeMessage } from "@wasm-engine/abi";
import type { Effect } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { hex } from "../world/report.js";
import { recordTurns } from "./agent-turns.js";
import type { AgentTurns, TurnOutcome } from "./agent-turns.js";
import type { CauseChain } from "./causes.js";
import type { Influence } from "./contract.js";
import type { EventIndex } from "./event-index.js";
import { valueAt } from "./field-change.js";
import { trialTurnsMax, trialsMax } from "./limits.js";
import { effectExcerpt, faultExcerpt, jsonExcerpt } from "./payload-excerpts.js";
import type { TrackBases } from "./track-bases.js";
import { TraceKind } from "./trace-event.js";
import type { NumberedEvent } from "./trace-event.js";
import { AgentTrials } from "./trial.js";
import type { InvocationPlace, TrialResult } from "./trial.js";

/** A message that was told before, and what is known of its weight. */
export interface Told {
  readonly event: NumberedEvent;
  readonly influence: Influence;
}

/** No message mattered, of so many that were left out. */
export interface Untold {
  readonly event?: undefined;
  readonly tried: number;
}

/** What the agent did in an invocation, of which the reason is looked for. */
type Deed =
  | { readonly kind: "effect"; readonly effect: EffectKind; readonly place: number }
  | { readonly kind: "fault" }
  | { readonly kind: "state"; readonly path: string };

/** An invocation in a chain: where it stands in it, and whether nothing of the same chain comes before it. */
export interface ChainPlace {
  readonly chain: CauseChain;
  readonly at: number;
  readonly isFirst: boolean;
  /** The field that is asked about, where the chain begins with one. */
  readonly path?: string | undefined;
}

/**
 * The newest message of another agent without which the agent would not have done what it did in an invocation of the
 * chain. Where nothing is proved, the newest that the first agent of the chain had been told.
 */
export function influenceOn(
  bases: TrackBases,
  index: EventIndex,
  { chain, at, isFirst, path }: ChainPlace,
): Told | Untold | undefined {
  const invocation = chain.events[at];
  if (invocation === undefined) return undefined;
  const deed = deedOf(index, invocation, chain.events[at - 1], path);
  if (deed === undefined && !isFirst) return undefined;
  const told = toldBefore(index, invocation);
  const [newest] = told;
  if (newest === undefined) return { tried: 0 };
  const search = deed === undefined ? undefined : new Search(bases, index, { invocation, deed, isFirst });
  const found = search?.among(told);
  if (found !== undefined || !isFirst) return found;
  return { event: newest, influence: { without: "unknown", tried: 0 } };
}

/** Messages and answers of other agents that the same agent had received before, the newest first. */
function toldBefore(index: EventIndex, invocation: NumberedEvent): readonly NumberedEvent[] {
  const told: NumberedEvent[] = [];
  for (let link = invocation.link; link >= 0 && told.length <= trialsMax;) {
    const event = index.at(link);
    if (event === undefined) break;
    const isMail = event.value === MessageKind.MESSAGE || event.value === MessageKind.ANSWER;
    if (isMail && event.peer !== 0 && event.peer !== event.agent) told.push(event);
    link = event.link;
  }
  return told;
}

/** `consequence` follows from the invocation in the chain; without one, only a field can be looked at. */
function deedOf(
  index: EventIndex,
  invocation: NumberedEvent,
  consequence: NumberedEvent | undefined,
  path: string | undefined,
): Deed | undefined {
  if (consequence === undefined) return path === undefined ? undefined : { kind: "state", path };
  if (consequence.link !== invocation.event) return undefined;
  if (consequence.kind === TraceKind.FAULT) return { kind: "fault" };
  if (consequence.kind !== TraceKind.EFFECT) return undefined;
  let place = 0;
  for (const { kind, link, value, event } of index.ofTick(consequence.tick)) {
    if (event === consequence.event) break;
    if (kind === TraceKind.EFFECT && link === invocation.event && value === consequence.value) place += 1;
  }
  return { kind: "effect", effect: consequence.value as EffectKind, place }; // written by the scribe
}

/** What a trial shows of the deed: equal texts are equal deeds. */
interface Sight {
  readonly sameAs: string;
  readonly excerpt: string;
}

class Search {
  readonly #bases: TrackBases;
  readonly #index: EventIndex;
  readonly #invocation: NumberedEvent;
  readonly #deed: Deed;
  readonly #isFirst: boolean;
  #tried = 0;
  #turnsLeft = trialTurnsMax;

  constructor(
    bases: TrackBases,
    index: EventIndex,
    {
      invocation,
      deed,
      isFirst,
    }: { readonly invocation: NumberedEvent; readonly deed: Deed; readonly isFirst: boolean },
  ) {
    [this.#bases, this.#index, this.#invocation] = [bases, index, invocation];
    [this.#deed, this.#isFirst] = [deed, isFirst];
  }

  /** Undefined where trials tell nothing. */
  among(told: readonly NumberedEvent[]): Told | Untold | undefined {
    const { tick, agent } = this.#invocation;
    const left = [...told];
    for (let from = tick - 1; ;) {
      const turns = this.#turns(this.#index.name(agent), { from, to: tick });
      const found = turns === undefined ? undefined : this.#within(turns, left);
      if (found !== "earlier") return found;
      // Long ago is looked at for the first agent of a chain alone.
      if (!this.#isFirst) return { tried: this.#tried };
      from = Math.max(-1, (turns?.after ?? 0) - 1);
    }
  }

  /** Undefined also where retention has given up what was before. */
  #turns(agent: string, range: Parameters<typeof recordTurns>[2]): AgentTurns | undefined {
    try {
      return recordTurns(this.#bases, agent, range);
    } catch (error) {
      if (EngineError.is(error) && error.code === "WE_RUN_COMPACTED") return undefined;
      throw error;
    }
  }

  /** Leaves out what was told since the record began; takes it from `left`. */
  #within(turns: AgentTurns, left: NumberedEvent[]): Told | Untold | "earlier" | undefined {
    const { tick } = this.#invocation;
    const { place } = placeOf(this.#index, this.#invocation);
    const trials = new AgentTrials(this.#bases.run, turns);
    const recorded = turns.steps.findLast((step) => step.kind === "turn" && step.tick === tick);
    const control = trials.run(tick);
    const base = control && sightOf(control, this.#deed, place);
    // Executed alone it must do what the log has confirmed; else trials would prove nothing.
    if (control === undefined || base === undefined || recorded?.kind !== "turn") return undefined;
    if (!isSameOutcome(control.outcome, recorded.outcome)) return undefined;
    for (;;) {
      const [event] = left;
      if (event === undefined) return { tried: this.#tried };
      if (event.tick <= turns.after) return turns.after < 0 ? undefined : "earlier";
      this.#turnsLeft -= trials.length(tick);
      if (this.#tried >= trialsMax || this.#turnsLeft < 0) return undefined;
      const without = placeOf(this.#index, event);
      const isSameTurn = without.tick === tick && without.place < place;
      const result = trials.run(tick, without);
      const sight = result && sightOf(result, this.#deed, isSameTurn ? place - 1 : place);
      if (sight?.sameAs !== base.sameAs) {
        const influence = {
          without: sight === undefined ? "nothing" : "different",
          tried: this.#tried,
        } as const;
        return {
          event,
          influence: sight === undefined ? influence : { ...influence, instead: sight.excerpt },
        };
      }
      this.#tried += 1;
      left.shift();
    }
  }
}

function placeOf(index: EventIndex, { tick, agent, event: number }: NumberedEvent): InvocationPlace {
  let place = 0;
  for (const { kind, agent: whose, event } of index.ofTick(tick)) {
    if (event === number) break;
    if (kind === TraceKind.INVOCATION && whose === agent) place += 1;
  }
  return { tick, place };
}

function sightOf({ outcome, described }: TrialResult, deed: Deed, place: number): Sight | undefined {
  if (deed.kind === "state") {
    const value: Json | undefined = valueAt(described, deed.path);
    return value === undefined ? undefined : { sameAs: JSON.stringify(value), excerpt: jsonExcerpt(value) };
  }
  if (deed.kind === "fault") {
    const { faultCode, guestCode, completed } = outcome;
    if (faultCode === 0 || completed !== place) return undefined;
    return { sameAs: `${faultCode} ${guestCode}`, excerpt: faultExcerpt(faultCode, guestCode) };
  }
  const effects = outcome.effects.filter(
    ({ invocation, kind }) => invocation === place && kind === deed.effect,
  );
  const effect = effects[deed.place];
  return effect === undefined ? undefined : { sameAs: contentOf(effect), excerpt: effectExcerpt(effect) };
}

const withMessage: ReadonlySet<EffectKind> = new Set([
  EffectKind.SEND,
  EffectKind.PUBLISH,
  EffectKind.SCHEDULE,
  EffectKind.TASK,
  EffectKind.INFER,
  EffectKind.CALL_TOOL,
]);

/** What an effect says. Ids count what was said before, so they would differ for nothing. */
function contentOf({ kind, level, ticks, body }: Effect): string {
  if (!withMessage.has(kind)) return `${kind} ${level} ${hex(body)}`;
  const { kind: sort, encoding, flags, peer, topic, payload } = decodeMessage(body);
  return [kind, ticks, sort, encoding, flags, peer, hex(topic), hex(payload)].join(" ");
}

function isSameOutcome(left: TurnOutcome, right: TurnOutcome): boolean {
  const text = ({ completed, faultCode, guestCode, effects }: TurnOutcome): string =>
    JSON.stringify([
      completed,
      faultCode,
      guestCode,
      effects.map(({ requestId, body }) => [requestId, hex(body)]),
    ]);
  return text(left) === text(right);
}
