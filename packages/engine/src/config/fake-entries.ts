/**
 * Entries of `models` and `tools` that stand for a model or a tool: scripted, recorded, failing. Rules are read here
 * only to tell what is wrong in them before a run begins; the adapter reads them again.
 */

import { existsSync } from "node:fs";
import type { FakeSetup } from "../adapters/contract.js";
import { modelTimeoutMsDefault } from "../adapters/limits.js";
import { readRules } from "../adapters/models/rules-file.js";
import type { ConfigContext } from "./config-context.js";
import type { FakeEntry } from "./config-file.js";
import { shown } from "./problem.js";
import type { Path } from "./yaml-document.js";

export interface NamedFake {
  readonly name: string;
  readonly serves: FakeSetup["serves"];
  readonly entry: FakeEntry;
}

/** The adapter of an entry that has `scripted`, `recorded` or `failing`; undefined with a problem noted. */
export function resolveFake(
  context: ConfigContext,
  path: Path,
  { name, serves, entry }: NamedFake,
): FakeSetup | undefined {
  const { scripted, recorded, failing, delivery, latencyTicks, timeoutMs = modelTimeoutMsDefault } = entry;
  const head = {
    serves,
    name,
    timeoutMs,
    secrets: {},
    ...(delivery === undefined ? {} : { delivery }),
    ...(latencyTicks === undefined ? {} : { latencyTicks }),
  };
  if (scripted !== undefined) {
    const file = context.file([...path, "scripted"], scripted);
    if (file === undefined) return undefined;
    // For its problems only: one that stops the adapter would be told after the modules were built.
    readRules(file);
    return { ...head, kind: "scripted", path: file };
  }
  if (recorded !== undefined) {
    const place = context.absolute(recorded);
    if (existsSync(place)) return { ...head, kind: "recorded", path: place };
    const directory = context.directory;
    context.add("WE_CONFIG_FILE_MISSING", [...path, "recorded"], { came: shown(recorded), directory });
    return undefined;
  }
  const { code = "FAILED", message = `${name} fails on purpose` } = entry;
  return { ...head, kind: "failing", how: failing ?? "refuse", code, message };
}
