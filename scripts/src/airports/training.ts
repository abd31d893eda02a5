/**
 * How the models are made from the training set: every candidate learns from January and is scored on February;
 * the best by Brier score learns from both months and is shipped.
 */

import { assert } from "@wasm-engine/abi";
import { fitLogistic, predict } from "./logistic-regression.js";
import type { Fit, Sample } from "./logistic-regression.js";
import { spread } from "./piecewise-linear.js";
import type { Knots } from "./piecewise-linear.js";
import { calendarFeatureCount } from "./training-set.js";
import type { TrainingFlight } from "./training-set.js";

const hourKnots: Knots = [0, 2, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24];
const weekdayKnots: Knots = [0, 1, 2, 3, 4, 5, 6];
const mileKnots: Knots = [0, 300, 600, 1200, 2000, 3000];
const calendar: readonly Knots[] = [hourKnots, weekdayKnots, mileKnots];
const ridges = [0.1, 0.3, 1, 3, 10] as const;
/** A share of late flights enters as a straight line, or with bends. */
const shareKnots: Readonly<Record<string, Knots>> = { straight: [0, 1], bent: [0, 0.1, 0.2, 0.3, 0.5, 1] };

export type ModelName = "delay" | "calendar";

export interface Candidate {
  readonly name: string;
  readonly columns: readonly Knots[];
  readonly ridge: number;
}

export interface ScoredCandidate extends Candidate {
  /** Brier score on February after learning from January. */
  readonly brier: number;
}

export interface TrainedModel {
  readonly name: ModelName;
  readonly columns: readonly Knots[];
  readonly fit: Fit;
  readonly chosen: ScoredCandidate;
  readonly candidates: readonly ScoredCandidate[];
  /** Brier score on February of January's share of late flights. */
  readonly brierBase: number;
}

/** What is tried for a model. */
export function candidatesOf(name: ModelName): Candidate[] {
  if (name === "calendar")
    return ridges.map((ridge) => ({ name: `ridge ${ridge}`, columns: calendar, ridge }));
  return Object.entries(shareKnots).flatMap(([shape, knots]) =>
    ridges.map((ridge) => ({
      name: `${shape}, ridge ${ridge}`,
      columns: [...calendar, knots, knots, knots, knots],
      ridge,
    })),
  );
}

/** Chooses and fits one model. */
export function trainModel(name: ModelName, flights: readonly TrainingFlight[]): TrainedModel {
  const january = flights.filter(({ month }) => month === 1);
  const february = flights.filter(({ month }) => month === 2);
  assert(january.length + february.length === flights.length, "only January and February are learnt from");
  const candidates = candidatesOf(name).map((candidate) => ({
    ...candidate,
    brier: brierOf(candidate, january, february),
  }));
  const [first, ...others] = candidates;
  assert(first !== undefined, "there is a candidate");
  const chosen = others.reduce((best, next) => (next.brier < best.brier ? next : best), first);
  const { columns, ridge } = chosen;
  const fit = fitLogistic(samplesOf(flights, columns), ridge);
  return { name, columns, fit, chosen, candidates, brierBase: brierOfBase(january, february) };
}

/** Probability that a model gives a row, in double precision: what the ONNX file computes in single. */
export function forecast({ fit, columns }: TrainedModel, features: ArrayLike<number>): number {
  return predict(fit, spread(features, columns));
}

function samplesOf(flights: readonly TrainingFlight[], columns: readonly Knots[]): Sample[] {
  assert(
    columns.length === calendarFeatureCount || columns.length === (flights[0]?.features.length ?? 0),
    "a model takes the calendar's columns or all of them",
  );
  return flights.map(({ features, late }) => ({ inputs: spread(features, columns), outcome: late ? 1 : 0 }));
}

function brierOf(
  { columns, ridge }: Candidate,
  learnt: readonly TrainingFlight[],
  scored: readonly TrainingFlight[],
): number {
  const fit = fitLogistic(samplesOf(learnt, columns), ridge);
  return mean(samplesOf(scored, columns).map(({ inputs, outcome }) => (predict(fit, inputs) - outcome) ** 2));
}

function brierOfBase(learnt: readonly TrainingFlight[], scored: readonly TrainingFlight[]): number {
  const base = mean(learnt.map(({ late }) => (late ? 1 : 0)));
  return mean(scored.map(({ late }) => (base - (late ? 1 : 0)) ** 2));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
