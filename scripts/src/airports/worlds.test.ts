/**
 * The airports' worlds: how their configurations differ, and that skill needs outcomes. That README's figures are what
 * they say is in main-job.test.ts, which runs them anyway.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { committedFlights, flightTable, shuffleMarch } from "./flight-table.js";
import { readScores, skill } from "./scores.js";
import { airportsFolder, runVariant } from "./world-variant.js";

const folder = mkdtempSync(join(tmpdir(), "airports-worlds-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const configOf = (name: string): string => readFileSync(join(airportsFolder, name), "utf8");

test("the world with the mail cut differs in its name and in `mail` alone", () => {
  const normal = (text: string): string[] => text.split("\n").filter((line) => !line.startsWith("#"));
  const full = normal(configOf("engine.yaml"));
  const cut = normal(configOf("engine.cut.yaml"));
  assert.deepEqual(
    cut.map((line) =>
      line.replace("name: airports-cut", "name: airports").replace("mail: false", "mail: true"),
    ),
    full,
  );
  assert.ok(cut.some((line) => line.includes("mail: false")));
});

test("the training world has the airports, clock and inputs of the example", () => {
  const part = (text: string, from: string, to: string): string => text.split(from)[1]?.split(to)[0] ?? "";
  const full = configOf("engine.yaml");
  const training = configOf("training.yaml");
  const withoutComments = (text: string): string => text.replace(/^ *#.*\n/gm, "");
  assert.equal(
    part(training, "\ninputs:\n", "outputs:"),
    withoutComments(part(full, "\ninputs:\n", "trust:")),
  );
  for (const key of ["seed", "clock"])
    assert.equal(part(training, `\n${key}: `, "\n"), part(full, `\n${key}: `, "\n"));
  assert.match(training, /stop: \{ when: tick, tick: 8496 \}/);
  assert.match(full, /id: arbiter, module: arbiter, args: \{ scoreFrom: 8496 \}/);
});

test("with March's outcomes shuffled there is no skill: late flights look like all others", async () => {
  const flights = flightTable(shuffleMarch(committedFlights(), 20010301));
  const { arbiter } = readScores(
    await runVariant({ config: "engine.yaml", folder, name: "shuffled.yaml", flights }),
  );
  const { scored, late, base } = arbiter;
  const onTime = scored - late;
  // Standard error of the AUC of a statement that has nothing to do with the outcome (Mann and Whitney).
  const aucError = Math.sqrt((scored + 1) / (12 * late * onTime));
  for (const [name, { auc, gain, gainError, discrimination, discriminationError, brier }] of Object.entries({
    calendar: arbiter.calendar,
    full: arbiter.full,
  })) {
    assert.ok(Math.abs(auc - 0.5) < Math.min(3 * aucError, 0.03), `${name}: AUC ${auc}`);
    assert.ok(
      Math.abs(discrimination) < 3 * discriminationError,
      `${name}: discrimination ${discrimination} ± ${discriminationError}`,
    );
    assert.ok(gain < 3 * gainError, `${name}: Brier skill ${skill(brier, base.brier)}`);
  }
});
