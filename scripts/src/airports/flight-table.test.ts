import assert from "node:assert/strict";
import { test } from "node:test";
import { committedAirportsData } from "../airports-data.js";
import { committedFlights, corruptMarch, departsInMarch, flightTable, shuffleMarch } from "./flight-table.js";

const flights = committedFlights();

test("the table of the committed flights is the committed table", () => {
  assert.equal(flightTable(flights), committedAirportsData().flights);
});

test("shuffling deals March's delays out anew and touches nothing else", () => {
  const shuffled = shuffleMarch(flights, 7);
  const delays = (rows: typeof flights): number[] =>
    rows.filter(departsInMarch).map(({ delay }) => delay).sort((left, right) => left - right); // prettier-ignore
  assert.deepEqual(delays(shuffled), delays(flights));
  const moved = shuffled.filter((row, index) => row.delay !== flights[index]?.delay);
  assert.ok(moved.length > 6000 && moved.every(departsInMarch), `${moved.length} moved`);
  assert.deepEqual(
    shuffled.map((row) => ({ ...row, delay: 0 })),
    flights.map((row) => ({ ...row, delay: 0 })),
  );
  assert.deepEqual(shuffleMarch(flights, 7), shuffled);
  assert.notDeepEqual(shuffleMarch(flights, 8), shuffled);
});

test("corrupting March leaves January and February", () => {
  const before = (rows: typeof flights): typeof flights => rows.filter((row) => !departsInMarch(row));
  assert.deepEqual(before(corruptMarch(flights)), before(flights));
  assert.ok(corruptMarch(flights).filter(departsInMarch).length < flights.filter(departsInMarch).length);
});
