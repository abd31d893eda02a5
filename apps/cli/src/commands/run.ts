/** `run CONFIG` and `run --resume RUN`. */

import { Engine, resolveRun } from "@wasm-engine/engine";
import type { Durability, Progress, RunResult } from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome, Parsed } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { fail } from "../errors.js";
import type { Reporter } from "../reporter.js";

export const run: CommandFunction = async (context) => {
  const world = await open(context.parsed, context.reporter);
  try {
    const ticks = integerOption(context.parsed, "ticks");
    context.reporter.note(`run ${world.runId} in ${world.dir}`);
    const running = world.run({
      ...(ticks === undefined ? {} : { ticks }),
      onProgress: (progress) => context.reporter.progress(progressLine(progress)),
    });
    const result = await untilInterrupted(running, () => world.stop("interrupted"), context);
    await world.close();
    return outcomeOf(result);
  } finally {
    await world.close().catch(() => undefined);
  }
};

async function open(parsed: Parsed, reporter: Reporter): ReturnType<typeof Engine.open> {
  const resume = textOption(parsed, "resume");
  const config = parsed.arguments[0];
  if ((resume === undefined) === (config === undefined)) {
    throw fail("WE_CLI_USAGE", { problem: "either CONFIG or --resume RUN is needed", command: "run" });
  }
  if (resume !== undefined) return Engine.open(resolveRun(resume), { resume: true });
  const seed = integerOption(parsed, "seed");
  const dir = textOption(parsed, "dir");
  const durability = durabilityOption(parsed);
  if (flagOption(parsed, "allowUnsigned")) reporter.warn("unsigned modules are accepted in this run");
  return Engine.open(config ?? "", {
    ...(seed === undefined ? {} : { seed }),
    ...(dir === undefined ? {} : { dir }),
    ...(durability === undefined ? {} : { durability }),
    ...(flagOption(parsed, "realtime") ? { realtime: true } : {}),
    ...(flagOption(parsed, "allowUnsigned") ? { allowUnsigned: true } : {}),
  });
}

function durabilityOption(parsed: Parsed): Durability | undefined {
  const level = textOption(parsed, "durability");
  if (level === undefined || level === "sync" || level === "periodic" || level === "ephemeral") return level;
  const problem = `--durability is sync, periodic or ephemeral, not "${level}"`;
  throw fail("WE_CLI_USAGE", { problem, command: "run" });
}

/** The run's own result, or the sealed one where the signal came first. */
async function untilInterrupted(
  running: Promise<RunResult>,
  stop: () => Promise<RunResult>,
  { signal }: CommandContext,
): Promise<RunResult> {
  const interrupted = new Promise<RunResult>((resolve, reject) => {
    const act = (): void => void stop().then(resolve, reject);
    if (signal.aborted) act();
    else signal.addEventListener("abort", act, { once: true });
  });
  running.catch(() => undefined);
  return Promise.race([running, interrupted]);
}

function outcomeOf(result: RunResult): Outcome {
  if (result.reason === "interrupted") {
    throw fail("WE_CLI_INTERRUPTED", { tick: result.ticks - 1, run: result.dir, result });
  }
  const { ticks, turnsExecuted, messages, faults, fuel, wallMs, chainHead, dir, reason } = result;
  const text = [
    `${reason} after ${ticks} ticks: ${turnsExecuted} turns, ${messages} messages, ${faults} faults, ${fuel} fuel, ${wallMs} ms`,
    `chain head ${chainHead}`,
    `run        ${dir}`,
    `next       wasm-engine replay ${dir}`,
  ].join("\n");
  return { document: result, text };
}

function progressLine({ tick, turnsExecuted, messages, agents, faults, wallMs }: Progress): string {
  const rate = wallMs > 0 ? Math.round((messages / wallMs) * 1000) : 0;
  return `tick ${tick}  ${agents} agents  ${turnsExecuted} turns  ${messages} messages (${rate}/s)  ${faults} faults`;
}
