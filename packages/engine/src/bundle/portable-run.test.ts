/** What of run.json travels, and where its paths come to lie. */

import assert from "node:assert/strict";
import { join, resolve, sep } from "node:path";
import { test } from "node:test";
import { bundleError } from "./errors.js";
import type { Refuse } from "./byte-column.js";
import {
  installedInfo,
  portableInfo,
  portableRecords,
  portableRunId,
  readPortableRecords,
} from "./portable-run.js";

const refuse: Refuse = (reason) => {
  throw bundleError("WE_BUNDLE_DAMAGED", { path: "x", reason });
};
const base = resolve("/", "home", "somebody", "project");
const inside = (...names: readonly string[]): string => [base, ...names].join(sep);

test("[S14.bundle] paths below the configuration become relative, others keep their name, texts stay", () => {
  const info = portableInfo({
    runId: "r1",
    modules: [],
    setup: {
      baseDirectory: base,
      inputs: [{ path: inside("data", "a.csv"), topic: "/not/a/path" }, { path: "-" }],
      outputs: [{ path: resolve("/", "var", "out.jsonl"), topic: "t" }],
      models: [{ dir: inside("models", "delay") }],
      later: { cache: inside("tmp") },
    },
  });
  assert.deepEqual(info, {
    runId: "r1",
    modules: [],
    setup: {
      inputs: [{ path: "data/a.csv", topic: "/not/a/path" }, { path: "-" }],
      outputs: [{ path: "out.jsonl", topic: "t" }],
      models: [{ dir: "models/delay" }],
      later: { cache: "tmp" },
    },
  });
  const dir = resolve("/", "elsewhere");
  const { setup } = installedInfo(info, dir, refuse) as unknown as {
    setup: { inputs: { path: string; topic?: string }[]; models: { dir: string }[]; baseDirectory: string };
  }; // the shape above
  assert.deepEqual(setup.inputs, [{ path: join(dir, "data", "a.csv"), topic: "/not/a/path" }, { path: "-" }]);
  assert.deepEqual([setup.models[0]?.dir, setup.baseDirectory], [join(dir, "models", "delay"), dir]);
});

test("[G10] [S14.open] a path that leaves the folder is refused in every form", () => {
  for (const path of ["..", "a/../../b", "/etc/passwd", "C:\\x", "\\\\host\\x", "a\0b", "", "c:x"]) {
    const info = { runId: "r", modules: [], setup: { inputs: [], outputs: [{ path }] } };
    assert.throws(
      () => installedInfo(info, base, refuse),
      { code: "WE_BUNDLE_DAMAGED" },
      JSON.stringify(path),
    );
  }
});

test("[S14.open] secrets of an opened run come from its own folder, whatever the bundle names", () => {
  const adapters = [
    { kind: "tool", name: "t", path: "t.mjs", secrets: { KEY: { env: "HOME" }, PIN: { file: "pin" } } },
    { kind: "openai", name: "m", url: "http://127.0.0.1:1/v1", secrets: {} },
  ];
  const info = { runId: "r", modules: [], setup: { inputs: [], outputs: [], adapters } };
  const dir = resolve("/", "elsewhere");
  const { setup } = installedInfo(info, dir, refuse) as unknown as {
    setup: { adapters: { path?: string; secrets: object }[] };
  }; // the shape above
  assert.deepEqual(
    setup.adapters.map(({ path, secrets }) => [path, secrets]),
    [
      [
        join(dir, "t.mjs"),
        { KEY: { file: join(dir, "secrets", "KEY") }, PIN: { file: join(dir, "secrets", "PIN") } },
      ],
      [undefined, {}],
    ],
  );
  const escaping = { ...info, setup: { ...info.setup, adapters: [{ secrets: { "../x": { env: "A" } } }] } };
  assert.throws(() => installedInfo(escaping, dir, refuse), { code: "WE_BUNDLE_DAMAGED" });
});

test("[S14.bundle] side records travel by kind; ids that name no folder are replaced", () => {
  const record = (kind: string, data: string) => ({ n: 0, kind, data, prev: "", hash: "" });
  const text = portableRecords([
    record("opened", "a"),
    record("acknowledged", "secret"),
    record("closed", "b"),
  ]);
  assert.deepEqual(readPortableRecords(text, refuse), [
    { kind: "opened", data: "a" },
    { kind: "closed", data: "b" },
  ]);
  assert.deepEqual(["20260101-x", "a b/c", "../..", "", ".hidden", 7].map(portableRunId), [
    "20260101-x",
    "a_b_c",
    "run",
    "run",
    "run",
    "run",
  ]);
});
