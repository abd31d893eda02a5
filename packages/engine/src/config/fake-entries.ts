/**
 * Entries of `models` and `tools` that stand for a model or a tool: scripted, recorded, failing. Rules are read here
 * only to tell what is wrong in them before a run begins; the adapter reads them again.
 */

import { existsSync } from "node:fs";
import type { AdapterSetup, FakeSetup } from "../adapters/contract.js";
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
    return file === undefined ? undefined : { ...head, kind: "scripted", path: file };
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

/**
 * Reads the rules of scripted entries for their problems only: the adapter would tell them after modules are built.
 * @throws what reading rules throws
 */
export function checkRules(adapters: readonly AdapterSetup[]): void {
  for (const adapter of adapters) if (adapter.kind === "scripted") readRules(adapter.path);
}
