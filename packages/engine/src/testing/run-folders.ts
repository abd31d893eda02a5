/** Fresh folders for tests that run worlds, and what those runs left in them. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Input } from "@wasm-engine/core";
import { readRunStore } from "../world/run-store.js";

/** A folder that is removed when the test process ends. */
export function freshFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes of the sample world's output. */
export function outputOf(directory: string): string {
  return readFileSync(join(directory, "out.jsonl"), "utf8");
}

/** Every input in the log of a run. */
export function loggedInputs(dir: string): readonly Input[] {
  return [...readRunStore(dir).recovered.ticks()].flatMap((entry) => entry.inputs);
}

/** Changes run.json of a run on purpose: its check goes, as in a file of an earlier release. */
export function changeInfo(dir: string, pattern: RegExp, replacement: string): void {
  const path = join(dir, "run.json");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(pattern, replacement).replace(/,\s*"check": "[0-9a-f]{64}"/, ""));
}

/** Calls `work` for every item, `lanes` at a time. */
export async function inLanes<Item>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
