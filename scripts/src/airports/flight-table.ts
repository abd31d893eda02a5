/** Flights of examples/airports with outcomes that never were: what tests ask of training and scoring. */

import { arrivalMinute, committedAirportsData, isoMinute } from "../airports-data.js";

export interface FlightRow {
  readonly flight: number;
  /** Minutes since 1970. */
  readonly departure: number;
  readonly origin: string;
  readonly destination: string;
  readonly distance: number;
  /** Minutes. */
  readonly delay: number;
}

const marchBegins = Date.UTC(2001, 2, 1) / 60_000;

/** The committed flights, in order of departure. */
export function committedFlights(): FlightRow[] {
  const [, ...lines] = committedAirportsData().flights.trimEnd().split("\n");
  return lines.map((line) => {
    const [flight, departure = "", , origin = "", destination = "", distance, delay] = line.split(",");
    return {
      flight: Number(flight),
      departure: Date.parse(departure) / 60_000,
      origin,
      destination,
      distance: Number(distance),
      delay: Number(delay),
    };
  });
}

/** CSV as the example reads it; arrivals follow from departure, distance and delay. */
export function flightTable(rows: readonly FlightRow[]): string {
  const lines = rows.map((row) => {
    const { flight, departure, origin, destination, distance, delay } = row;
    const arrival = isoMinute(arrivalMinute(departure, row));
    return [flight, isoMinute(departure), arrival, origin, destination, distance, delay].join(",");
  });
  return ["flight,departure,arrival,origin,destination,distance,delay", ...lines, ""].join("\n");
}

export function departsInMarch({ departure }: FlightRow): boolean {
  return departure >= marchBegins;
}

/** The same flights, with the delays of March dealt out anew among its flights. */
export function shuffleMarch(rows: readonly FlightRow[], seed: number): FlightRow[] {
  const delays = rows.filter(departsInMarch).map(({ delay }) => delay);
  const next = numbersFrom(seed);
  for (let index = delays.length - 1; index > 0; index -= 1) {
    const other = next(index + 1);
    [delays[index], delays[other]] = [delays[other] ?? 0, delays[index] ?? 0];
  }
  let taken = 0;
  return rows.map((row) => {
    if (!departsInMarch(row)) return row;
    taken += 1;
    return { ...row, delay: delays[taken - 1] ?? 0 };
  });
}

/** The same flights up to 1 March; those of March go elsewhere, farther, with other delays, and some are missing. */
export function corruptMarch(rows: readonly FlightRow[]): FlightRow[] {
  return rows
    .filter((row) => !departsInMarch(row) || row.flight % 7 !== 0)
    .map((row) =>
      departsInMarch(row)
        ? {
            ...row,
            destination: row.origin === "ORD" ? "ATL" : "ORD",
            distance: 5000 - row.distance,
            delay: 200 - row.delay,
          }
        : row,
    );
}

/** Whole numbers below a bound from a seeded xorshift generator. */
function numbersFrom(seed: number): (bound: number) => number {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
