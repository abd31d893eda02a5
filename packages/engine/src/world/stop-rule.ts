/** When a run call is over: stop rules against what the loop has come to. Decides; the session acts. */

import type { StopRule } from "./contract.js";
import type { StopReason } from "./control.js";
import type { TickLoop } from "./tick-loop.js";

/** A call that ends when the loop has come far enough. */
export interface RunCall {
  readonly id: number;
  readonly rule: StopRule | "never";
  /** Ends before this tick, whatever the rule says. */
  readonly ticks: number | undefined;
}

/** Why the call is over where `next` is the next tick with work; undefined while it goes on. */
export function reasonToStop(
  loop: TickLoop,
  call: RunCall,
  next: number | undefined,
): StopReason | undefined {
  const quiet = isQuiet(loop, next);
  const { rule, ticks } = call;
  if (ticks !== undefined && next !== undefined && next >= ticks) return "ticks";
  const maxTicks = rule === "never" ? undefined : rule.maxTicks;
  const isAtMost = maxTicks !== undefined && next !== undefined && next >= maxTicks;
  if (rule === "never" || rule.when === "never") {
    if (isAtMost) return "max-ticks";
    return quiet && ticks !== undefined ? "ticks" : undefined;
  }
  if (rule.when === "exit" && loop.state.exitSeen) return "exit";
  if (rule.when === "inputs-done" && loop.sourcesDone && loop.admittedCount === 0) return "inputs-done";
  if (rule.when === "tick" && (next === undefined ? quiet : next >= rule.tick)) return "tick";
  if (isAtMost) return "max-ticks";
  return quiet ? "idle" : undefined;
}

/** A run that ends at a given tick is over up to there, although its last ticks may have been empty. */
export function noteReached(loop: TickLoop, { ticks, rule }: RunCall, reason: StopReason): void {
  if (reason === "ticks" && ticks !== undefined) loop.reach(ticks - 1);
  if (rule === "never") return;
  if (reason === "tick" && rule.when === "tick") loop.reach(rule.tick - 1);
  if (reason === "max-ticks" && rule.maxTicks !== undefined) loop.reach(rule.maxTicks - 1);
}

/** Nothing is due, and nothing will be unless somebody outside sends it. */
export function isQuiet(loop: TickLoop, next: number | undefined): boolean {
  return next === undefined && loop.sourcesDone && !loop.awaitsAnswer;
}
