/** What the airports' worlds say about themselves at their end: the arbiter's scores, and each airport's forecasts. */

import { commandLine } from "../command-line.js";

/** One forecaster over the flights of March; see examples/airports/agents/arbiter.c. */
export interface ForecasterScore {
  readonly brier: number;
  readonly logLoss: number;
  readonly auc: number;
  /** Mean Brier score below the base rate's, and its standard error were flights independent. */
  readonly gain: number;
  readonly gainError: number;
  /** Mean probability of late flights minus that of flights on time, and its standard error where there is no skill. */
  readonly discrimination: number;
  readonly discriminationError: number;
}

export interface ArbiterScore {
  readonly flights: number;
  readonly stated: number;
  readonly scored: number;
  readonly late: number;
  readonly trainingFlights: number;
  readonly baseRate: number;
  readonly base: { readonly brier: number; readonly logLoss: number; readonly auc: number };
  readonly calendar: ForecasterScore;
  /** The model that hears mail; in a run without mail, the same model hearing nothing. */
  readonly full: ForecasterScore;
}

/** What an airport describes; see examples/airports/agents/traffic.ts and airport.ts. */
export interface AirportReport {
  readonly departures: number;
  readonly arrivals: number;
  readonly inTheAir: number;
  readonly notes: number;
  /** Flights of March with a forecast, and its mean. */
  readonly forecasts: number;
  readonly meanForecast: number;
  readonly failures: number;
  readonly view: { readonly x: number; readonly y: number; readonly size: number };
}

export interface WorldScores {
  readonly arbiter: ArbiterScore;
  readonly airports: ReadonlyMap<string, AirportReport>;
}

interface Inspection {
  readonly agents: readonly { readonly agentId: string; readonly describe?: unknown }[];
}

/** Reads a finished run with `inspect`. */
export function readScores(run: string): WorldScores {
  const { status, stdout } = commandLine(["inspect", run]);
  if (status !== 0) throw new TypeError(`inspect ${run}: exit ${status}`);
  return scoresOf((JSON.parse(stdout) as Inspection).agents); // DESIGN §14 fixes the document
}

/** Sorts what agents describe. */
function scoresOf(agents: Inspection["agents"]): WorldScores {
  const airports = new Map<string, AirportReport>();
  let arbiter: ArbiterScore | undefined;
  for (const { agentId, describe } of agents) {
    if (agentId === "arbiter")
      arbiter = describe as ArbiterScore; // written by arbiter.c
    else airports.set(agentId, describe as AirportReport); // written by traffic.ts and airport.ts
  }
  if (arbiter === undefined) throw new TypeError("the run has no arbiter");
  return { arbiter, airports };
}

/** One minus the score over the base rate's: what is gained of what could be. */
export function skill(own: number, base: number): number {
  return 1 - own / base;
}

export interface ForecastChange {
  readonly airport: string;
  readonly forecasts: number;
  readonly withMail: number;
  readonly withoutMail: number;
}

/** Means of fewer forecasts say little: one departure a day in the data. */
const forecastsMin = 30;

/**
 * Airports whose mean forecast of March moved most when the mail was cut, the most first; those with fewer than
 * {@link forecastsMin} forecasts are left out.
 */
export function changedMost(
  withMail: WorldScores,
  withoutMail: WorldScores,
  count: number,
): ForecastChange[] {
  return [...withMail.airports]
    .map(([airport, { forecasts, meanForecast }]) => ({
      airport,
      forecasts,
      withMail: meanForecast,
      withoutMail: withoutMail.airports.get(airport)?.meanForecast ?? 0,
    }))
    .filter(({ forecasts }) => forecasts >= forecastsMin)
    .sort(
      (left, right) =>
        Math.abs(right.withMail - right.withoutMail) - Math.abs(left.withMail - left.withoutMail) ||
        (left.airport < right.airport ? -1 : 1),
    )
    .slice(0, count);
}

/** Both runs as a Markdown table: what README shows. */
export function scoreTable(withMail: WorldScores, withoutMail: WorldScores): string {
  const { base, calendar, full } = withMail.arbiter;
  const rows: readonly (readonly [string, ArbiterScore["base"]])[] = [
    ["base rate of January and February", base],
    ["calendar only", calendar],
    ["full model, mail cut", withoutMail.arbiter.full],
    ["full model", full],
  ];
  const percent = (own: number, reference: number): string =>
    `${(100 * skill(own, reference)).toFixed(2)} %`.replace("-", "−");
  const lines = rows.map(([name, { brier, logLoss, auc }]) =>
    [
      "",
      name,
      brier.toFixed(4),
      percent(brier, base.brier),
      logLoss.toFixed(4),
      percent(logLoss, base.logLoss),
      auc.toFixed(4),
      "",
    ]
      .join(" | ")
      .trim(),
  );
  return [
    "| forecaster | Brier | skill | log loss | skill | AUC |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

/** Airports that the mail moved most, as a Markdown table. */
export function changeTable(changes: readonly ForecastChange[]): string {
  const lines = changes.map(
    ({ airport, forecasts, withMail, withoutMail }) =>
      `| ${airport} | ${forecasts} | ${withMail.toFixed(3)} | ${withoutMail.toFixed(3)} |`,
  );
  return [
    "| airport | departures in March | mean forecast | with the mail cut |",
    "| --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}
