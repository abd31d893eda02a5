/** The committed example data is what the package vega-datasets holds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { buildAirportsData, committedAirportsData } from "./airports-data.js";

test("airports data: committed tables equal those derived from the package", () => {
  const built = buildAirportsData();
  assert.equal(built.flights.split("\n").length, 20_002);
  assert.equal(built.airports.split("\n").length, 226);
  assert.deepEqual(committedAirportsData(), built);
});
