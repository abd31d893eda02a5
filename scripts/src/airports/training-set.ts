/**
 * What the models learn from: flights that departed and arrived before 1 March 2001, with the features that their
 * origins computed in a run of examples/airports/training.yaml. That world ends before March begins, so nothing of
 * March can be in it, and its agents run the code that asks the models later.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runVariant } from "./world-variant.js";

/** Columns of the models' input, in order. The first three need no mail. */
export const featureNames = ["hour", "weekday", "miles", "lately", "today", "here", "there"] as const;
export const calendarFeatureCount = 3;

export interface TrainingFlight {
  readonly flight: number;
  /** 1 January, 2 February. */
  readonly month: number;
  readonly features: readonly number[];
  readonly late: boolean;
}

type TrainingRecord =
  | {
      readonly topic: "departed";
      readonly timestamp: string;
      readonly payload: { readonly flight: number; readonly features: readonly number[] };
    }
  | { readonly topic: "arrived"; readonly payload: { readonly flight: number; readonly late: boolean } };

/** Runs the training world in `folder`; its flights in the order of their numbers. */
export async function recordTrainingSet(folder: string, flights?: string): Promise<TrainingFlight[]> {
  await runVariant({ config: "training.yaml", folder, ...(flights === undefined ? {} : { flights }) });
  return readTrainingSet(readFileSync(join(folder, "out/training.jsonl"), "utf8"));
}

/** Joins departures with the arrivals that followed. */
export function readTrainingSet(text: string): TrainingFlight[] {
  const late = new Map<number, boolean>();
  const departures: { flight: number; month: number; features: readonly number[] }[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const record = JSON.parse(line) as TrainingRecord; // as agents/recorder.ts publishes it
    if (record.topic === "arrived") late.set(record.payload.flight, record.payload.late);
    else departures.push({ ...record.payload, month: Number(record.timestamp.slice(5, 7)) });
  }
  return departures
    .sort((left, right) => left.flight - right.flight)
    .flatMap((departure) => {
      const outcome = late.get(departure.flight);
      return outcome === undefined ? [] : [{ ...departure, late: outcome }];
    });
}
