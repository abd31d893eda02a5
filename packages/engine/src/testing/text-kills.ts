/** Runs of a world with texts under way that are killed at a chosen point and gone on with. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import type { RunResult } from "../world/control.js";
import { outputOf } from "./run-folders.js";
import { forgetTexts, textWorld } from "./text-world.js";
import type { TextRecord } from "./text-world.js";

/** At tick 3 five texts are under way. Samples: agents that ask the same get texts of their own. */
export const textRecords: readonly TextRecord[] = (
  [
    { tick: 0, to: "a1", prompt: "x".repeat(1200), maxTokens: 30, stream: true },
    { tick: 0, to: "a2", prompt: "short", maxTokens: 64, stream: true },
    { tick: 1, to: "a3", prompt: "whole", maxTokens: 70 },
    { tick: 1, to: "a4", prompt: "short", maxTokens: 64, stream: true },
    { tick: 2, to: "a5", prompt: "y".repeat(513), maxTokens: 17, stream: true },
    { tick: 5, to: "a6", prompt: "last", maxTokens: 1, stream: true },
    { tick: 9, to: "a1", prompt: "again", maxTokens: 9, stream: true },
  ] as const
).map((record) => ({ ...record, temperature: 1 }));

export interface KilledRun {
  /** Fresh folder. */
  readonly directory: string;
  /** Folder of the model. */
  readonly model: string;
  readonly records: readonly TextRecord[];
  readonly testing: NonNullable<OpenOptions["testing"]>;
  /** Crash points are counted from the beginning of the run. */
  readonly passage: number;
}

export interface UndisturbedRun {
  readonly result: RunResult;
  readonly output: string;
}

/**
 * Kills the run, goes on with it, and compares its head and its output with those of the undisturbed one. False where
 * the run has no such point.
 */
export async function killAndCompare(
  { directory, model, records, passage, testing }: KilledRun,
  undisturbed: UndisturbedRun,
): Promise<boolean> {
  const dir = join(directory, "run");
  const spacing = passage % 2 === 0 ? { snapshotEvery: 3 } : {};
  const world = await textWorld({ directory, model, records, ...spacing });
  const crash = { point: "any", passage } as const;
  const dying = async (): Promise<void> => {
    await using running = await Engine.open(world, { dir, testing: { ...testing, crash } });
    await running.run();
  };
  const died = await dying().then(
    () => false,
    (error: unknown) => EngineError.is(error) && error.code === "WE_WORLD_DIED",
  );
  if (!died) return false;
  forgetTexts(directory);
  const inline = { isolation: "inline", testing } as const;
  await using again = await Engine.open(dir, { resume: true, ...inline });
  const result = await again.run();
  assert.equal(result.chainHead, undisturbed.result.chainHead, `passage ${passage}`);
  assert.equal(result.stateHash, undisturbed.result.stateHash, `passage ${passage}`);
  assert.equal(outputOf(directory), undisturbed.output, `passage ${passage}`);
  return true;
}
