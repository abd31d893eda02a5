/** Assertions over whole runs: against a golden file, and against another world. Framework-neutral: they throw. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Json } from "@wasm-engine/core";
import { miniWorldError } from "./errors.js";
import type { MiniWorld } from "./mini-world.js";
import { firstDifference, placeOf, shownValue, storyOf } from "./run-story.js";
import type { RunStory } from "./run-story.js";

export interface GoldenOptions {
  /**
   * Compares fuel and chain head too: false where only what agents say and hold is meant, since every change of a
   * module changes both. @default true
   */
  readonly exact?: boolean;
}

/**
 * Compares the run so far with a golden file: messages, faults, what agents describe, fuel and chain head. The file is
 * JSON that people can read; `WASM_ENGINE_UPDATE_GOLDEN=1` (`wasm-engine test --update`) writes it anew.
 * @param file relative to the working directory, or an address of a file
 * @throws {WE_TEST_GOLDEN_MISSING} {WE_TEST_GOLDEN_CHANGED} with the first difference
 */
export function assertGolden(world: MiniWorld, file: string | URL, options: GoldenOptions = {}): void {
  const path = resolve(file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : file);
  const story = told(storyOf(world), options.exact ?? true);
  if ((process.env["WASM_ENGINE_UPDATE_GOLDEN"] ?? "") !== "") return write(path, story);
  const golden = read(path);
  const difference = firstDifference(golden, story);
  if (difference === undefined) return;
  const { path: where, expected, actual } = difference;
  throw miniWorldError("WE_TEST_GOLDEN_CHANGED", {
    file: path,
    where,
    place: placeOf(difference, storyOf(world)),
    expected: shownValue(expected),
    actual: shownValue(actual),
  });
}

/**
 * Two worlds have had the same run, up to the last bit.
 * @throws {WE_TEST_DIVERGED} with the first difference that people can read
 */
export function assertSameRun(left: MiniWorld, right: MiniWorld): void {
  const [expected, actual] = [storyOf(left), storyOf(right)];
  const difference = firstDifference(asJson(expected), asJson(actual));
  if (difference === undefined) return;
  throw miniWorldError("WE_TEST_DIVERGED", {
    where: difference.path,
    place: placeOf(difference, expected),
    left: shownValue(difference.expected),
    right: shownValue(difference.actual),
  });
}

function asJson(story: RunStory): Json {
  return { ...story };
}

function told(story: RunStory, isExact: boolean): Json {
  if (isExact) return asJson(story);
  const { tick, messages, faults } = story;
  const agents = story.agents as Readonly<Record<string, Readonly<Record<string, Json>>>>; // see storyOf
  const withoutFuel = Object.entries(agents).map(([id, agent]) => {
    return [id, Object.fromEntries(Object.entries(agent).filter(([member]) => member !== "fuel"))] as const;
  });
  return { tick, messages, faults, agents: Object.fromEntries(withoutFuel) };
}

function write(path: string, story: Json): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(story, undefined, 2)}\n`);
}

function read(path: string): Json {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Json; // JSON.parse gives nothing else
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw miniWorldError("WE_TEST_GOLDEN_MISSING", { file: path, cause });
  }
}
