/** `deadletters [RUN]`: what reached nobody, and why: asked of a running world, recomputed for a recorded run. */

import { EngineError } from "@wasm-engine/abi";
import { Engine, deadLettersOfRun, liveProcess, onlyLiveRun, runPlace } from "@wasm-engine/engine";
import type { DeadLetterReport } from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome } from "../command.js";
import { flagOption, textOption } from "../command.js";
import type { Reporter } from "../reporter.js";
import { visible } from "../visible.js";

/** Between two looks of `--follow`. */
const followMs = 250;

export const deadletters: CommandFunction = async (context) => {
  const { parsed, signal, reporter } = context;
  const dir = await liveDir(parsed.arguments[0]);
  if (dir !== undefined) return ofLiveWorld(dir, context);
  const agent = textOption(parsed, "agent");
  const letters = await deadLettersOfRun(parsed.arguments[0] ?? "", {
    ...(agent === undefined ? {} : { agent }),
    signal,
  });
  return listed(letters, flagOption(parsed, "follow") ? reporter : undefined);
};

/** The folder of a running world; undefined where the run that is named does not run. */
async function liveDir(reference: string | undefined): Promise<string | undefined> {
  if (reference === undefined) return onlyLiveRun();
  const { dir, release } = await runPlace(reference);
  release();
  return liveProcess(dir) === undefined ? undefined : dir;
}

async function ofLiveWorld(dir: string, { parsed, signal, reporter }: CommandContext): Promise<Outcome> {
  const agent = textOption(parsed, "agent");
  await using world = await Engine.connect(dir);
  const first = await world.deadLetters({ signal });
  const wanted = (letters: readonly DeadLetterReport[]): readonly DeadLetterReport[] =>
    letters.filter(({ agentId }) => agent === undefined || agentId === agent);
  if (first.dropped > 0) {
    reporter.warn(`${first.dropped} earlier ones are shown by deadletters ${dir} once the world has stopped`);
  }
  if (!flagOption(parsed, "follow")) return listed(wanted(first.letters), undefined);
  const outcome = listed(wanted(first.letters), reporter);
  let since = first.tick + 1;
  while (!(await pausedFor(followMs, signal))) {
    try {
      const { letters, tick } = await world.deadLetters({ since, signal });
      listed(wanted(letters), reporter);
      since = tick + 1;
    } catch (error) {
      // Following ends with the world, and with Ctrl-C: both as they should.
      if (EngineError.is(error) && endings.has(error.code)) break;
      throw error;
    }
  }
  return outcome;
}

const endings: ReadonlySet<string> = new Set(["WE_CONTROL_LOST", "WE_WORLD_ENDED", "WE_WORLD_ABORTED"]);

/** True where the signal came first. */
function pausedFor(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (isAborted: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(isAborted);
    };
    const abort = (): void => end(true);
    const timer = setTimeout(() => end(false), ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}

/** Rows at once where a reporter is given, else one document. */
function listed(letters: readonly DeadLetterReport[], reporter: Reporter | undefined): Outcome {
  if (reporter === undefined) return { document: { letters }, text: letters.map(lineOf).join("\n") };
  for (const letter of letters) reporter.row(letter, lineOf(letter));
  return { document: undefined, text: "", streamed: true };
}

function lineOf({ tick, agentId, reason, faultCode, message }: DeadLetterReport): string {
  const why = faultCode === undefined ? reason : `${reason} ${faultCode}`;
  const what = message === undefined ? "" : `  ${message.topic}  ${JSON.stringify(message.payload)}`;
  return visible(`${tick}  ${agentId === "" ? "(nobody)" : agentId}  ${why}${what}`);
}
