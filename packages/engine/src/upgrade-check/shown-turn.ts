/** What a turn asked for, decoded for comparison and for people. Console lines are no part of it. */

import { EffectKind, FaultCode, decodeEffects, decodeMessage, decodeUtf8 } from "@wasm-engine/abi";
import type { Effect, OutcomeReader } from "@wasm-engine/abi";
import { hex, reportMessage } from "../world/report.js";
import type { ShownEffect, ShownTurn } from "./contract.js";

/** The turn that a reader stands at. Bytes are copies. */
export interface DoneTurn {
  readonly agent: number;
  readonly fuel: number;
  readonly faultCode: number;
  readonly guestCode: number;
  readonly effects: readonly Effect[];
}

export function doneTurn(reader: OutcomeReader): DoneTurn {
  const { agent, fuel, faultCode, guestCode, effectsStart, effectBytes, region } = reader;
  const bytes = region.bytes.slice(effectsStart, effectsStart + effectBytes);
  const effects = decodeEffects(bytes).filter(({ kind }) => kind !== EffectKind.LOG);
  return { agent, fuel, faultCode, guestCode, effects };
}

/** What differs between two turns of the same agent. */
export function turnDifference(recorded: DoneTurn, shadow: DoneTurn): "effects" | "fault" | undefined {
  if (recorded.faultCode !== shadow.faultCode || recorded.guestCode !== shadow.guestCode) return "fault";
  const keys = ({ effects }: DoneTurn): string => JSON.stringify(effects.map(keyOf));
  return keys(recorded) === keys(shadow) ? undefined : "effects";
}

function keyOf({ kind, invocation, requestId, ticks, body }: Effect): readonly (number | string)[] {
  return [kind, invocation, requestId, ticks, hex(body)];
}

const withMessage: ReadonlySet<number> = new Set([
  EffectKind.SEND,
  EffectKind.PUBLISH,
  EffectKind.SCHEDULE,
  EffectKind.TASK,
  EffectKind.INFER,
  EffectKind.CALL_TOOL,
]);

export function shownTurn(
  { effects, faultCode, guestCode }: DoneTurn,
  nameOf: (handle: number) => string | undefined,
): ShownTurn {
  const fault = Object.entries(FaultCode).find(([, code]) => code === faultCode)?.[0];
  const guest = guestCode === 0 ? "" : ` ${guestCode}`;
  return {
    effects: effects.map((effect) => shownEffect(effect, nameOf)),
    ...(fault === undefined ? {} : { fault: `${fault}${guest}` }),
  };
}

function shownEffect({ kind, body }: Effect, nameOf: (handle: number) => string | undefined): ShownEffect {
  const name = Object.entries(EffectKind).find(([, code]) => code === kind)?.[0] ?? String(kind);
  const shown = name.toLowerCase().replace("_", "-");
  if (withMessage.has(kind)) {
    const { topic, payload } = reportMessage(body);
    const to = kind === EffectKind.SEND ? nameOf(decodeMessage(body).peer) : undefined;
    return { kind: shown, ...(to === undefined ? {} : { to }), topic, payload };
  }
  const text = decodeUtf8(kind === EffectKind.SPAWN ? body.subarray(8) : body);
  return kind === EffectKind.EXIT || text === undefined
    ? { kind: shown, payload: hex(body) }
    : { kind: shown, payload: text };
}
