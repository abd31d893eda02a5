/** How operating verbs reach a running world: the run that is named, or the only one of the project. */

import { Engine, onlyLiveRun, resolveRun } from "@wasm-engine/engine";
import type { Acknowledgement, ConnectedWorld } from "@wasm-engine/engine";
import type { Outcome, Parsed } from "./command.js";
import { textOption } from "./command.js";
import { fail } from "./errors.js";

/** Nesting of a message of the command line; of values on their way elsewhere there is no limit but their size. */
const depthMax = 256;

/** Folder of the world that a verb is about. @throws {WE_RUN_NOT_LIVE} {WE_RUN_SEVERAL_LIVE} {WE_RUN_UNKNOWN} */
export function liveRunOf(reference: string | undefined): string {
  return reference === undefined ? onlyLiveRun() : resolveRun(reference);
}

/** Connects to the world of `--run`, uses it and lets it go. @throws {WE_CONTROL_NOT_RUNNING} */
export async function withLiveWorld<Result>(
  parsed: Parsed,
  use: (world: ConnectedWorld) => Promise<Result>,
): Promise<Result> {
  await using world = await Engine.connect(liveRunOf(textOption(parsed, "run")));
  return await use(world);
}

/** JSON of the command line; `-` is standard input. @throws {WE_CLI_NOT_JSON} */
export async function jsonArgument(verb: string, text: string): Promise<unknown> {
  const json = text === "-" ? await standardInput() : text;
  try {
    const value: unknown = JSON.parse(json);
    // What is nested deeper than this can be read, and neither checked nor sent.
    if (depthOf(value) > depthMax) throw new RangeError(`it is nested deeper than ${depthMax}`);
    return value;
  } catch (error) {
    const came = JSON.stringify(json.length > 60 ? `${json.slice(0, 60)}…` : json);
    const problem = error instanceof Error ? error.message : String(error);
    throw fail("WE_CLI_NOT_JSON", { came, problem, verb });
  }
}

/** Nesting, up to one more than is taken. Without recursion: text of a megabyte can be nested half a million deep. */
function depthOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (depth <= depthMax) {
    level = level.flatMap(membersOf);
    if (level.length === 0) break;
    depth += 1;
  }
  return depth;
}

function membersOf(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array)); // no encoding is set
  return Buffer.concat(chunks).toString("utf8");
}

/** What a durable input is answered with. */
export function acknowledged({ tick, seq, durability, duplicate }: Acknowledgement): Outcome {
  const repeated = duplicate === true ? ", ignored: an earlier input has the same id" : "";
  return {
    document: { tick, seq, durability, ...(duplicate === undefined ? {} : { duplicate }) },
    text: `input ${seq}, for tick ${tick} (${durability})${repeated}`,
  };
}
