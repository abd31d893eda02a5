/**
 * Rebuilds examples/airports/data from the npm package vega-datasets, or checks it: `--check`. The arrival column
 * is the moment at which the outcome is known at the destination: departure + distance / 7.5 mi/min + 30 min + delay.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { repositoryRoot } from "./tidy/source-tree.js";

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export interface AirportsData {
  /** CSV: flight (from 1), departure, arrival (ISO 8601, UTC), origin, destination, distance (mi), delay (min). */
  readonly flights: string;
  /** CSV: iata, latitude, longitude (degrees), sorted by iata. */
  readonly airports: string;
}

export const dataFolder: string = join(repositoryRoot, "examples/airports/data");
const packageFolder = join(repositoryRoot, "node_modules/vega-datasets/data");
const milesPerMinute = 7.5;
const taxiMinutes = 30;

/** Derives both tables from the package. */
export function buildAirportsData(): AirportsData {
  const flights = JSON.parse(readFileSync(join(packageFolder, "flights-20k.json"), "utf8")) as Flight[]; // its schema
  const rows = flights.map((flight, index) => {
    const departure = minuteOf(flight.date);
    const arrival = arrivalMinute(departure, flight);
    const { origin, destination, distance, delay } = flight;
    return [index + 1, isoMinute(departure), isoMinute(arrival), origin, destination, distance, delay].join(
      ",",
    );
  });
  const used = new Set(flights.flatMap(({ origin, destination }) => [origin, destination]));
  const airports = readFileSync(join(packageFolder, "airports.csv"), "utf8")
    .split(/\r?\n/)
    .slice(1)
    .map((line) => splitCsv(line))
    .filter(([iata]) => used.has(iata ?? ""))
    .map(([iata, , , , , latitude, longitude]) => [iata, rounded(latitude), rounded(longitude)].join(","))
    .sort();
  return {
    flights: ["flight,departure,arrival,origin,destination,distance,delay", ...rows, ""].join("\n"),
    airports: ["iata,latitude,longitude", ...airports, ""].join("\n"),
  };
}

/** Minute (Unix time) at which a flight arrives that departs in minute `departure`. */
export function arrivalMinute(
  departure: number,
  { distance, delay }: { readonly distance: number; readonly delay: number },
): number {
  return Math.max(departure, Math.floor(departure + distance / milesPerMinute + taxiMinutes + delay));
}

/** What is committed. */
export function committedAirportsData(): AirportsData {
  return {
    flights: gunzipSync(readFileSync(join(dataFolder, "flights.csv.gz"))).toString("utf8"),
    airports: readFileSync(join(dataFolder, "airports.csv"), "utf8"),
  };
}

function minuteOf(date: string): number {
  const [year, month, day, hour, minute] = date.split(/[/ :]/).map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute) / 60_000;
}

export const isoMinute = (minute: number): string =>
  `${new Date(minute * 60_000).toISOString().slice(0, 16)}Z`;
const rounded = (degrees = ""): string => String(Math.round(Number(degrees) * 1e4) / 1e4);

function splitCsv(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((cell) =>
    cell[1] === undefined ? (cell[2] ?? "") : cell[1].replaceAll('""', '"'),
  );
}

function main(check: boolean): void {
  const built = buildAirportsData();
  if (!check) {
    mkdirSync(dataFolder, { recursive: true });
    writeFileSync(join(dataFolder, "flights.csv.gz"), gzipSync(built.flights, { level: 9 }));
    writeFileSync(join(dataFolder, "airports.csv"), built.airports);
  }
  const committed = committedAirportsData();
  const same = committed.flights === built.flights && committed.airports === built.airports;
  const digest = createHash("sha256").update(built.flights).update(built.airports).digest("hex");
  console.log(`airports data ${same ? "equals" : "DIFFERS FROM"} the package's, sha256 ${digest}`);
  process.exitCode = same ? 0 : 3;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main(process.argv.includes("--check"));
