/** `run CONFIG` and `run --resume RUN`. */

import { EngineError } from "@wasm-engine/abi";
import { Engine, isLocalModel, parseWorkers, resolveRun } from "@wasm-engine/engine";
import type {
  Delivery,
  Durability,
  FaultReport,
  OpenOptions,
  Progress,
  RunResult,
  RunningWorld,
} from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome, Parsed } from "../command.js";
import { flagOption, integerOption, listOption, textOption } from "../command.js";
import { fail, usageError } from "../errors.js";
import type { Reporter } from "../reporter.js";
import { toolLineText } from "../tool-line.js";
import { bundleViolation, violated, violationLines } from "../violation-bundle.js";
import { visible } from "../visible.js";

/** Faults that are told after a run; `logs` tells all. */
const faultsShownMax = 5;

/** Lines of `--input -`: who gets it, its type, and the whole line as payload. */
const standardInput = { path: "-", format: "jsonl", to: "{to}", topic: "{topic}" } as const;

export const run: CommandFunction = async (context) => {
  const { parsed, reporter } = context;
  if (flagOption(parsed, "detach")) return detach(context);
  const world = await open(context);
  try {
    const ticks = integerOption(parsed, "ticks");
    world.registerTelemetryHook((event) => {
      if (event.kind === "tool-line") reporter.note(toolLineText(event.line));
      if (event.kind === "recovered")
        reporter.warn(`${event.message}; the world goes on after tick ${event.tick}`);
    });
    for (const warning of world.warnings) reporter.warn(visible(warning));
    reporter.note(`run ${world.runId} in ${world.dir}`);
    const running = world.run({
      ...(ticks === undefined ? {} : { ticks }),
      onProgress: (progress) => reporter.progress(progressLine(progress, ticks)),
    });
    const result = await untilInterrupted(running, () => world.stop("interrupted"), context);
    await world.close();
    tellFaults(result, reporter);
    tellModels(result, reporter);
    await tellViolation(result, reporter);
    return outcomeOf(result);
  } finally {
    await world.close().catch(() => undefined);
  }
};

/** The world is open and runs by itself; what follows is in its log. */
async function detach({ parsed, reporter, signal }: CommandContext): Promise<Outcome> {
  const resume = textOption(parsed, "resume");
  const ticks = integerOption(parsed, "ticks");
  const options = { ...optionsOf(parsed), signal, ...(ticks === undefined ? {} : { ticks }) };
  if (flagOption(parsed, "allowUnsigned")) reporter.warn("unsigned modules are accepted in this run");
  const world = await (resume === undefined
    ? Engine.detach(parsed.arguments[0] ?? "", options)
    : Engine.detach(resolveRun(resume), { ...options, resume: true }));
  for (const warning of world.warnings) reporter.warn(visible(warning));
  const { runId, dir, pid, control, log } = world;
  if (control === undefined) reporter.warn(`the world has no control socket: end it with kill ${pid}`);
  const text = [
    `run ${runId} goes on in process ${pid}`,
    `run        ${dir}`,
    `log        ${log}`,
    `look       wasm-engine ps ${dir}`,
    `stop       wasm-engine stop --run ${dir}`,
  ].join("\n");
  return { document: { runId, dir, pid, control, log }, text };
}

/** A signal that arrives while the world is being opened ends it: nothing has been executed yet. */
async function open({ parsed, reporter, signal }: CommandContext): Promise<RunningWorld> {
  const options = { ...optionsOf(parsed), signal };
  const resume = textOption(parsed, "resume");
  if (flagOption(parsed, "allowUnsigned")) reporter.warn("unsigned modules are accepted in this run");
  try {
    if (resume !== undefined) return await Engine.open(resolveRun(resume), { ...options, resume: true });
    return await Engine.open(parsed.arguments[0] ?? "", options);
  } catch (error) {
    const isGone = EngineError.is(error) && error.code === "WE_WORLD_DIED";
    throw signal.aborted && isGone ? fail("WE_CLI_INTERRUPTED_EARLY") : error;
  }
}

/** What a resumed run has from its folder, and no option can change. */
const fixedOptions = ["seed", "dir", "durability", "input", "allowUnsigned", "model"] as const;

function optionsOf(parsed: Parsed): OpenOptions {
  const isResumed = textOption(parsed, "resume") !== undefined;
  if (isResumed === (parsed.arguments[0] !== undefined))
    throw usageError("run", "either CONFIG or --resume RUN is needed");
  const fixed = fixedOptions.find((name) => isResumed && parsed.options[name] !== undefined);
  if (fixed !== undefined) {
    const flag = fixed === "allowUnsigned" ? "allow-unsigned" : fixed;
    throw usageError("run", `--${flag} cannot be combined with --resume: a run goes on as it was started`);
  }
  const input = textOption(parsed, "input");
  if (input !== undefined && input !== "-") {
    throw usageError(
      "run",
      `--input takes "-" for standard input, not ${JSON.stringify(input)}; files are inputs of the config`,
    );
  }
  const seed = integerOption(parsed, "seed");
  const dir = textOption(parsed, "dir");
  const durability = durabilityOption(parsed);
  const delivery = deliveryOption(parsed);
  const workers = textOption(parsed, "workers");
  const inferenceWorkers = integerOption(parsed, "inferenceWorkers");
  const models = modelOption(parsed);
  return {
    ...(models === undefined ? {} : { models }),
    ...(delivery === undefined ? {} : { delivery }),
    ...(flagOption(parsed, "askAnew") ? { askAnew: true } : {}),
    ...(flagOption(parsed, "strictInference") ? { strictInference: true } : {}),
    ...(seed === undefined ? {} : { seed }),
    ...(dir === undefined ? {} : { dir }),
    ...(durability === undefined ? {} : { durability }),
    ...(input === undefined ? {} : { inputs: [standardInput] }),
    ...(workers === undefined ? {} : { workers: parseWorkers(workers) }),
    ...(inferenceWorkers === undefined ? {} : { inferenceWorkers }),
    ...(flagOption(parsed, "realtime") ? { realtime: true } : {}),
    ...(flagOption(parsed, "allowUnsigned") ? { allowUnsigned: true } : {}),
  };
}

/** `--model NAME=SOURCE`, once per model. */
function modelOption(parsed: Parsed): Readonly<Record<string, string>> | undefined {
  const given = listOption(parsed, "model");
  if (given.length === 0) return undefined;
  const pairs = given.map((text) => {
    const [, name, source] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || source === undefined)
      throw usageError("run", `--model takes NAME=SOURCE, not ${JSON.stringify(text)}`);
    return [name, source] as const;
  });
  return Object.fromEntries(pairs);
}

function durabilityOption(parsed: Parsed): Durability | undefined {
  const level = textOption(parsed, "durability");
  if (level === undefined || level === "sync" || level === "periodic" || level === "ephemeral") return level;
  throw usageError("run", `--durability is sync, periodic or ephemeral, not ${JSON.stringify(level)}`);
}

function deliveryOption(parsed: Parsed): Delivery | undefined {
  const delivery = textOption(parsed, "delivery");
  if (delivery === undefined || delivery === "lockstep" || delivery === "recorded") return delivery;
  throw usageError("run", `--delivery is lockstep or recorded, not ${JSON.stringify(delivery)}`);
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

/** Contained faults fail no run, but nobody should have to look for them. */
function tellFaults({ faults, faultDetails, dir }: RunResult, reporter: Reporter): void {
  const shown = faultDetails.slice(0, faultsShownMax);
  for (const fault of shown) reporter.warn(faultText(fault));
  const rest = faults - shown.length;
  if (rest > 0)
    reporter.warn(`${rest} ${shown.length > 0 ? "more" : "earlier"} faults: wasm-engine logs ${dir}`);
}

/** A fallback is never silent: the answers come from another provider than was asked for first. */
function tellModels(result: RunResult, reporter: Reporter): void {
  const { models, inferenceThreadDeaths: deaths, adapterThreadDeaths } = result;
  for (const { name, provider, refused } of models.filter(isLocalModel)) {
    const reasons = refused.map((refusal) => `${refusal.provider} refused: ${visible(refusal.reason)}`);
    if (reasons.length > 0) reporter.warn(`model ${name} runs on ${provider}; ${reasons.join("; ")}`);
  }
  if (deaths > 0) reporter.warn(`the inference thread ended ${deaths} times and was started again`);
  if (adapterThreadDeaths > 0)
    reporter.warn(`the thread of tools ended ${adapterThreadDeaths} times and was started again`);
}

/** @throws {WE_INVARIANT_VIOLATED} where an invariant has ended the run; it is kept in one file first */
async function tellViolation(result: RunResult, reporter: Reporter): Promise<void> {
  const { violation, dir, runId } = result;
  if (violation === undefined) return;
  const bundle = await bundleViolation({ dir, runId, violation }, { out: undefined, reporter });
  for (const line of violationLines(violation, dir)) reporter.note(line);
  if (bundle !== undefined) reporter.note(`bundle     ${bundle}`);
  throw violated(violation, dir, { bundle: bundle ?? null, result });
}

function faultText({ tick, agentId, code, guestCode, detail }: FaultReport): string {
  const named = guestCode === 0 ? code : `${code} ${guestCode}`;
  return `agent ${agentId} faulted at tick ${tick}: ${named}${detail === "" ? "" : `: ${visible(detail)}`}`;
}

/** @throws {WE_CLI_INTERRUPTED} @throws {WE_RUN_UNSUPERVISED} */
function outcomeOf(result: RunResult): Outcome {
  const { ticks, turnsExecuted, messages, faults, fuel, wallMs, chainHead, dir, reason, unsupervised } =
    result;
  if (reason === "interrupted") throw fail("WE_CLI_INTERRUPTED", { tick: ticks - 1, run: dir, result });
  if (reason === "unsupervised") {
    const { agentId: agent = "?", tick = ticks - 1, code = "?", detail = "" } = unsupervised ?? {};
    const cause = detail === "" ? code : `${code}, ${detail.split("\n")[0] ?? ""}`;
    throw fail("WE_RUN_UNSUPERVISED", { agent, tick, cause, run: dir, result });
  }
  const text = [
    `${reason} after ${ticks} ticks: ${turnsExecuted} turns, ${messages} messages, ${faults} faults, ${fuel} fuel, ${wallMs} ms`,
    ...modelLines(result),
    `chain head ${chainHead}`,
    `run        ${dir}`,
    `next       wasm-engine replay ${dir}`,
  ].join("\n");
  return { document: result, text };
}

function modelLines({
  models,
  tools,
  inferences,
  toolCalls,
  inferenceStallMs,
  answers,
}: RunResult): string[] {
  const names = models.map((model) => {
    const { name, provider } = model;
    return isLocalModel(model) ? `${name} ${model.version} on ${provider}` : `${name} by ${provider}`;
  });
  const counts = `${inferences} requests, ticks waited ${inferenceStallMs} ms`;
  const toolNames = tools.map(({ name }) => name).join(", ");
  return [
    ...(models.length === 0 ? [] : [`models     ${names.join(", ")}: ${counts}`]),
    ...(tools.length === 0 ? [] : [`tools      ${toolNames}: ${toolCalls} calls`]),
    ...answerLines(answers),
  ];
}

/** What an earlier run has paid for already. */
function answerLines({ reused, asked }: RunResult["answers"]): string[] {
  return reused === 0 ? [] : [`answers    reused ${reused} of ${reused + asked}`];
}

function progressLine(
  { tick, timestamp, turnsExecuted, messages, agents, faults, wallMs }: Progress,
  ticks?: number,
): string {
  const rate = wallMs > 0 ? Math.round((messages / wallMs) * 1000) : 0;
  const share = ticks === undefined || ticks === 0 ? "" : ` (${Math.floor(((tick + 1) / ticks) * 100)} %)`;
  const counts = `${agents} agents  ${turnsExecuted} turns  ${messages} messages (${rate}/s)  ${faults} faults`;
  return `tick ${tick}${share}  ${timestamp.slice(0, 16).replace("T", " ")}  ${counts}`;
}
