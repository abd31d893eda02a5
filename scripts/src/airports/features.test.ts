/**
 * The features that airports compute, against a second computation that works on sets of whole flights: what an
 * airport may know at a departure is kept as the flights themselves, and each was added when it had arrived.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { arrivalMinute, committedAirportsData } from "../airports-data.js";
import { committedFlights, flightTable } from "./flight-table.js";
import type { FlightRow } from "./flight-table.js";
import { runVariant } from "./world-variant.js";

const minutesPerTick = 10;
const epoch = Date.UTC(2001, 0, 1) / 60_000;

interface Flight extends FlightRow {
  readonly departureTick: number;
  readonly arrivalTick: number;
  readonly late: boolean;
}

const places = new Map(
  committedAirportsData()
    .airports.trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [iata = "", latitude, longitude] = line.split(",");
      return [iata, { latitude: rounded(latitude), longitude: rounded(longitude) }] as const;
    }),
);

function rounded(degrees: string | undefined): number {
  return Math.round(Number(degrees) * 100) / 100;
}

/** Features of every flight, in order of departure. */
function expectedFeatures(flights: readonly Flight[]): Map<number, number[]> {
  const known = new Map<string, Set<Flight>>();
  const heardFrom = new Map<string, Set<string>>();
  const onBoard = new Map<number, Set<Flight>>();
  let mail: { readonly to: string; readonly from: string; readonly notes: Set<Flight> }[] = [];
  const features = new Map<number, number[]>();
  const learn = (airport: string, from: string, notes: Iterable<Flight>): void => {
    const own = known.get(airport) ?? new Set();
    for (const note of notes) own.add(note);
    known.set(airport, own);
    heardFrom.set(airport, (heardFrom.get(airport) ?? new Set()).add(from));
  };
  const last = Math.max(...flights.map(({ arrivalTick }) => arrivalTick));
  for (let tick = 0; tick <= last; tick += 1) {
    for (const { to, from, notes } of mail) learn(to, from, notes);
    mail = [];
    for (const flight of flights.filter(({ departureTick }) => departureTick === tick)) {
      const { origin, destination } = flight;
      const recent = [...(known.get(origin) ?? [])].filter(({ arrivalTick }) => arrivalTick + 144 >= tick);
      assert.ok(recent.every(({ arrivalTick }) => arrivalTick <= tick));
      onBoard.set(flight.flight, newest(recent));
      const knowsWhere = heardFrom.get(origin)?.has(destination) === true;
      features.set(flight.flight, featuresOf(flight, recent, knowsWhere));
    }
    for (const flight of flights.filter(({ arrivalTick }) => arrivalTick === tick)) {
      const { origin, destination } = flight;
      learn(destination, origin, [flight, ...(onBoard.get(flight.flight) ?? [])]);
      mail.push({ to: origin, from: destination, notes: newest([...(known.get(destination) ?? [])]) });
    }
  }
  return features;
}

/** What fits a letter. */
function newest(notes: readonly Flight[]): Set<Flight> {
  const byTime = (left: Flight, right: Flight): number =>
    left.arrivalTick - right.arrivalTick || left.flight - right.flight;
  return new Set([...notes].sort(byTime).slice(-48));
}

function featuresOf(flight: Flight, notes: readonly Flight[], knowsWhere: boolean): number[] {
  const { departureTick: tick, origin, destination, distance } = flight;
  const share = (fade: number, weight: (note: Flight) => number): number => {
    const weights = notes.map((note) => Math.exp((note.arrivalTick - tick) / fade) * weight(note));
    const late = weights.reduce((sum, each, index) => sum + (notes[index]?.late === true ? each : 0), 0);
    return (2 * 0.21 + late) / weights.reduce((sum, each) => sum + each, 2);
  };
  const everywhere = (): number => 1;
  const near = (airport: string) => (note: Flight) =>
    1 / (1 + (Math.min(miles(airport, note.origin), miles(airport, note.destination)) / 200) ** 2);
  const lately = share(36, everywhere);
  return [
    (tick % 144) / 6,
    Math.floor(tick / 144) % 7,
    distance,
    lately,
    share(144, everywhere),
    share(36, near(origin)),
    knowsWhere ? share(36, near(destination)) : lately,
  ];
}

/** On a flat map around `from`. */
function miles(from: string, to: string): number {
  const here = places.get(from);
  const there = places.get(to);
  assert.ok(here !== undefined && there !== undefined);
  const scale = Math.cos((here.latitude * Math.PI) / 180);
  const east = (there.longitude - here.longitude) * scale;
  return 69.1 * Math.hypot(there.latitude - here.latitude, east);
}

test("airports' features are what flights that have arrived say, column by column", async () => {
  const rows = committedFlights().slice(0, 1500);
  const flights = rows.map((row) => ({
    ...row,
    departureTick: Math.floor((row.departure - epoch) / minutesPerTick),
    arrivalTick: Math.floor((arrivalMinute(row.departure, row) - epoch) / minutesPerTick),
    late: row.delay > 15,
  }));
  const folder = mkdtempSync(join(tmpdir(), "airports-features-"));
  try {
    await runVariant({ config: "training.yaml", folder, flights: flightTable(rows) });
    const expected = expectedFeatures(flights);
    let compared = 0;
    let informed = 0;
    for (const line of readFileSync(join(folder, "out/training.jsonl"), "utf8").trimEnd().split("\n")) {
      const { topic, payload } = JSON.parse(line) as {
        topic: string;
        payload: { flight: number; features: number[] };
      };
      if (topic !== "departed") continue;
      payload.features.forEach((value, column) => {
        const wanted = expected.get(payload.flight)?.[column] ?? Number.NaN;
        assert.ok(
          Math.abs(value - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)),
          `flight ${payload.flight}, column ${column}: ${value} for ${wanted}`,
        );
      });
      compared += 1;
      if (new Set(payload.features.slice(3)).size === 4) informed += 1;
    }
    assert.equal(compared, 1500);
    assert.ok(informed > 500, `${informed} flights with four different shares`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
