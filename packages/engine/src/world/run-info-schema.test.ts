/** What run.json may be: everything that a run writes passes, everything else is told with its place. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder } from "../storage/run-folder.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { runInfoProblem } from "./run-info-schema.js";

const digest = "ab".repeat(32);
const head = { name: "x", timeoutMs: 1000, secrets: { KEY: { env: "A" }, PIN: { file: "b" } } };
const whole = {
  format: 1,
  runId: "r",
  name: "w",
  release: "0.1.0",
  semantics: 2,
  createdAt: "2001-01-01T00:00:00Z",
  setup: {
    admissions: [
      {
        module: "m",
        digest,
        by: "signature",
        threshold: 1,
        signers: [{ name: "k", keyId: "1", ceiling: { send: ["a"], limits: { memoryBytes: 1 } } }],
        limits: { fuelPerSlice: 5 },
      },
    ],
    inputs: [
      {
        path: "-",
        format: "csv",
        topic: "t",
        at: "a",
        atUnit: "tick",
        fields: [{ name: "a", field: "b", type: "auto" }],
      },
    ],
    outputs: [{ topic: "t", path: "/o" }],
    models: [
      { name: "m", dir: "/m", providers: ["wasm"], thread: "own", latencyTicks: 2, delivery: "recorded" },
    ],
    inference: { strict: false, delivery: "lockstep" },
    adapters: [
      { ...head, kind: "tool", serves: "tool", path: "/t.mjs", reuse: true },
      { ...head, kind: "program", serves: "tool", idempotent: true },
      {
        ...head,
        kind: "openai",
        serves: "inference",
        url: "http://127.0.0.1:1/v1",
        model: "m",
        parameters: { temperature: 0 },
        reuse: false,
        concurrency: 4,
      },
      { ...head, kind: "scripted", serves: "inference", path: "/s.yaml" },
      { ...head, kind: "recorded", serves: "tool", path: "/r" },
      { ...head, kind: "failing", serves: "inference", how: "hang", code: "FAILED", message: "no" },
    ],
    invariants: [{ name: "i", expression: "tick >= 0", every: 5 }],
    stop: { when: "exit", agent: "a", maxTicks: 9 },
    durability: "periodic",
    ticksAheadMax: 256,
    snapshotEvery: 20,
    snapshotsKept: "all",
    baseDirectory: "/p",
    ofLaterRelease: [1],
  },
  modules: [{ name: "m", digest, instrumented: digest }],
  fork: {
    parent: "p",
    at: -1,
    inputs: "keep",
    overrides: ["seed=1"],
    openSources: [{ index: 0, record: 3 }],
    plan: digest,
  },
};

type Step = string | number;

function placesIn(value: unknown, path: readonly Step[] = []): readonly (readonly Step[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

function replaced(value: unknown, [step, ...rest]: readonly Step[], other: unknown): unknown {
  if (step === undefined) return other;
  const copy = structuredClone(value) as Record<Step, unknown>; // a list or a map: paths lead through nothing else
  copy[step] = replaced(copy[step], rest, other);
  return copy;
}

test("[G10] everything that a run writes is a run.json", () => {
  assert.equal(runInfoProblem(whole), undefined);
  const rules = [{ when: "never" }, { when: "idle" }, { when: "inputs-done" }, { when: "tick", tick: 0 }];
  for (const stop of rules)
    assert.equal(runInfoProblem(replaced(whole, ["setup", "stop"], stop)), undefined, stop.when);
  assert.equal(runInfoProblem(replaced(whole, ["setup", "snapshotsKept"], 2)), undefined);
});

test("[G10] a member of another kind is told with its place, whichever it is", () => {
  const open = /^(setup\.adapters\.2\.parameters.*|setup\.ofLaterRelease.*)$/;
  for (const path of placesIn(whole)) {
    const place = path.join(".");
    if (open.test(place)) continue;
    const problem = runInfoProblem(replaced(whole, path, null)) ?? "";
    const known = problem.split(" ")[0] ?? "";
    assert.ok(problem !== "" && (place.startsWith(known) || place === ""), `${place}: ${problem}`);
  }
  assert.equal(runInfoProblem({ ...whole, setup: {} }), "setup.inputs is missing");
  const wrong: readonly (readonly [readonly Step[], unknown])[] = [
    [["setup", "snapshotsKept"], 1],
    [["setup", "snapshotEvery"], 0],
    [["setup", "durability"], "often"],
    [["setup", "adapters", 0, "kind"], "shell"],
    [["setup", "stop", "when"], "sometime"],
    [["fork", "at"], -2],
  ];
  for (const [path, value] of wrong)
    assert.match(
      runInfoProblem(replaced(whole, path, value)) ?? "",
      /is not what it must be/,
      path.join("."),
    );
});

test("[G10] a run whose run.json has another form is refused with the place", async () => {
  const directory = freshFolder("run-info");
  const inline = { isolation: "inline" } as const;
  await using world = await Engine.open(await sampleWorld({ directory }), inline);
  await world.run({ ticks: 3 });
  await world.close();
  const run = RunFolder.open(world.dir, nodeHasher);
  const info = run.readInfo() as { readonly setup: object }; // the run has just been made
  run.writeInfo({ ...info, setup: { ...info.setup, models: "none" } });
  await assert.rejects(replayRun(world.dir, inline), {
    code: "WE_RUN_INFO",
    exitCode: 4,
    message: `The file "${join(world.dir, "run.json")}" does not describe a run of this version: setup.models is not what it must be (type)`,
  });
});
