/** The shipped models come from January and February, and from nothing else. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { committedFlights, corruptMarch, flightTable } from "./flight-table.js";
import { differences, filesOf, trainModels } from "./model-folders.js";
import { readTrainingSet, recordTrainingSet } from "./training-set.js";
import type { TrainingFlight } from "./training-set.js";
import { candidatesOf, trainModel } from "./training.js";

test("training from scratch gives the shipped models byte for byte, whatever March holds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "airports-training-"));
  try {
    const flights = await recordTrainingSet(folder, flightTable(corruptMarch(committedFlights())));
    assert.equal(flights.length, 12_888);
    const models = trainModels(flights);
    assert.deepEqual(differences(filesOf(models)), []);
    for (const { name, chosen, brierBase } of models)
      assert.ok(chosen.brier < brierBase, `${name} is better than January's share on February`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the training set joins departures with arrivals that followed; flights in the air are left out", () => {
  const departed = (flight: number, timestamp: string): string =>
    JSON.stringify({ agentId: "ORD", topic: "departed", payload: { flight, features: [flight] }, timestamp });
  const arrived = JSON.stringify({ topic: "arrived", payload: { flight: 3, late: true } });
  const text = `${departed(4, "2001-02-01T00:00:00.000Z")}\n${departed(3, "2001-01-31T23:50:00.000Z")}\n${arrived}\n`;
  assert.deepEqual(readTrainingSet(text), [{ flight: 3, month: 1, features: [3], late: true }]);
});

test("a flight of another month is refused; the best candidate on February is taken", () => {
  const flight = (index: number, month: number): TrainingFlight => ({
    flight: index,
    month,
    features: [(index * 7) % 24, index % 7, 100 + (index % 30) * 80],
    late: (index * 7) % 24 > 16,
  });
  const flights = Array.from({ length: 400 }, (_, index) => flight(index, 1 + (index % 2)));
  const trained = trainModel("calendar", flights);
  assert.equal(trained.candidates.length, candidatesOf("calendar").length);
  assert.equal(trained.chosen.brier, Math.min(...trained.candidates.map(({ brier }) => brier)));
  assert.throws(() => trainModel("calendar", [...flights, flight(400, 3)]), /only January and February/);
});
