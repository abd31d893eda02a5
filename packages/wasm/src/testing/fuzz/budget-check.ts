/** Repeats one call from the same state: with every budget, in slices, with little depth, in another instance. */

import type { Random } from "../random.js";
import type { PlannedCall } from "./call-plan.js";
import type { Difference } from "./fuzz-check.js";
import type { FuzzCounts } from "./fuzz-counts.js";
import { DEPTH_PER_CALL, FUEL_PER_CALL, describeOutcome } from "./fuzz-world.js";
import type { CallReport, FuzzBudget, FuzzState, FuzzWorld } from "./fuzz-world.js";

/** A call, the state before it and what it did with plenty of everything. */
export interface CheckedCall {
  readonly call: PlannedCall;
  readonly before: FuzzState;
  readonly report: CallReport;
}

/** Totals up to this are tried with every budget. */
const sweptFuelMax = 300n;

function again(world: FuzzWorld, { call, before }: CheckedCall, budget: FuzzBudget): CallReport {
  world.load(before);
  return world.call(call.entry.name, call.parameters, budget);
}

function budgetsFor(total: bigint, random: Random): bigint[] {
  if (total <= sweptFuelMax && random.below(4) === 0) {
    return Array.from({ length: Number(total) + 2 }, (_, budget) => BigInt(budget));
  }
  const budgets = [0n, total / 2n, total - 1n, total, total + 1n];
  for (let count = 0; count < 5; count++) budgets.push(BigInt(random.below(Number(total) + 1)));
  return budgets.filter((budget) => budget >= 0n);
}

/** A call that returns does so exactly with its total or more, with the same total and result. */
export function checkBudgets(
  world: FuzzWorld,
  checked: CheckedCall,
  random: Random,
  counts: FuzzCounts,
): Difference | undefined {
  const { outcome, fuel } = checked.report;
  if (outcome.kind !== "returned") return undefined;
  const expected = describeOutcome(outcome);
  for (const budget of budgetsFor(fuel, random)) {
    const report = again(world, checked, { fuel: budget });
    counts.budgets += 1;
    const actual = describeOutcome(report.outcome);
    const right = budget < fuel ? actual === "out-of-fuel" : actual === expected && report.fuel === fuel;
    const asked = asksOtherwise(checked, report, budget);
    if (asked !== undefined) return asked;
    if (right) continue;
    const place = `${checked.call.entry.name} with ${budget} of ${fuel}`;
    return { kind: "budget", text: `${place}: ${actual}, fuel ${report.fuel}` };
  }
  return undefined;
}

/** What a stopped call asked of the host is the beginning of what the whole call asks. */
function asksOtherwise(
  { call, report }: CheckedCall,
  stopped: CallReport,
  budget: bigint,
): Difference | undefined {
  const [whole, part] = [report.outcome.host, stopped.outcome.host];
  if (whole.startsWith(part)) return undefined;
  return { kind: "host", text: `${call.entry.name} with ${budget}: asks ${part}, the whole call ${whole}` };
}

/** A call that traps does so, or is out of fuel; and with more fuel than a budget that traps it traps as well. */
export function checkTrapBudgets(
  world: FuzzWorld,
  checked: CheckedCall,
  random: Random,
  counts: FuzzCounts,
): Difference | undefined {
  const { outcome, fuel } = checked.report;
  if (outcome.kind !== "trapped" || fuel <= 0n) return undefined;
  const expected = describeOutcome(outcome);
  const budgets = Array.from({ length: 6 }, () => random.below(Number(fuel) + 1)).sort((a, b) => a - b);
  let trapped = false;
  for (const budget of budgets) {
    const report = again(world, checked, { fuel: BigInt(budget) });
    counts.budgets += 1;
    const actual = describeOutcome(report.outcome);
    const asked = asksOtherwise(checked, report, BigInt(budget));
    if (asked !== undefined) return asked;
    if (actual !== expected && (trapped || actual !== "out-of-fuel")) {
      return {
        kind: "budget",
        text: `${checked.call.entry.name} with ${budget}: ${actual}, not ${expected}`,
      };
    }
    trapped = actual === expected;
  }
  return undefined;
}

/** However fuel is granted, the outcome and the total stay. */
export function checkSlices(
  world: FuzzWorld,
  checked: CheckedCall,
  random: Random,
  counts: FuzzCounts,
): Difference | undefined {
  const { outcome, fuel } = checked.report;
  if (outcome.kind !== "returned" || fuel === 0n) return undefined;
  for (const slice of [fuel < 500n ? 1n : 61n, BigInt(2 + random.below(1000))]) {
    const report = again(world, checked, { fuel: 0n, slice });
    counts.budgets += 1;
    if (describeOutcome(report.outcome) === describeOutcome(outcome) && report.fuel === fuel) continue;
    const text = `slices of ${slice}: ${describeOutcome(report.outcome)}, fuel ${report.fuel} instead of ${fuel}`;
    return { kind: "slices", text: `${checked.call.entry.name} in ${text}` };
  }
  return undefined;
}

/** The depth below which a call ends with OUT_OF_DEPTH, and from which it is what it was. */
export function leastDepth(world: FuzzWorld, checked: CheckedCall, counts: FuzzCounts): Difference | number {
  const expected = describeOutcome(checked.report.outcome);
  const enough = (depth: number): boolean => {
    counts.budgets += 1;
    return again(world, checked, { depth }).outcome.kind !== "out-of-depth";
  };
  let [low, high] = [-1, DEPTH_PER_CALL];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  const least = describeOutcome(again(world, checked, { depth: high }).outcome);
  if (least === expected) return high;
  return {
    kind: "depth",
    text: `${checked.call.entry.name} at depth ${high}: ${least} instead of ${expected}`,
  };
}

/** State moved into a fresh instance goes on as the old one does. */
export function checkTwin(
  world: FuzzWorld,
  checked: CheckedCall,
  counts: FuzzCounts,
): Difference | undefined {
  const state = world.save();
  const twin = world.twin();
  if (!twin.movable) return undefined;
  twin.load(state);
  const { entry, parameters } = checked.call;
  const [first, second] = [world, twin].map((one) =>
    one.call(entry.name, parameters, { fuel: FUEL_PER_CALL }),
  );
  if (first === undefined || second === undefined) return undefined;
  counts.moved += 1;
  const [here, there] = [first, second].map(
    ({ outcome, fuel }) => `${describeOutcome(outcome)}, fuel ${fuel}`,
  );
  if (here !== there) return { kind: "state", text: `${entry.name}: ${here}; moved: ${there}` };
  const [left, right] = [world.save(), twin.save()];
  const same =
    Buffer.compare(left.memory, right.memory) === 0 && Buffer.compare(left.globals, right.globals) === 0;
  return same ? undefined : { kind: "state", text: `${entry.name}: state differs after a move` };
}
