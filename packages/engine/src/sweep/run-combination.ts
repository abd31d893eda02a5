/** One combination of a sweep: its world, its identity, its run and what is measured at its end. */

import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { genesisDigest } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { Engine } from "../client/engine.js";
import type { RunningWorld } from "../client/running-world.js";
import { loadConfig } from "../config/load-config.js";
import { nodeHasher, sha256Hex } from "../crypto/node-crypto.js";
import { evaluate } from "../expression/evaluate.js";
import type { SubjectAgent } from "../expression/evaluate.js";
import { worldNames } from "../expression/expression.js";
import type { Expression } from "../expression/expression.js";
import { parseExpression } from "../expression/parse-expression.js";
import type { ResolvedWorld } from "../world/contract.js";
import type { AgentReport, RunResult, WorldReport } from "../world/control.js";
import { stateOf } from "../world/described-state.js";
import { hex } from "../world/report.js";
import type { Combination, SweepMetric, SweepOptions, SweepRow } from "./contract.js";

/** A metric that can be evaluated. */
export interface ReadMetric extends SweepMetric {
  readonly expression: string;
  readonly read: Expression;
}

/** @throws {WE_EXPRESSION_SYNTAX} {WE_EXPRESSION_NAME} {WE_EXPRESSION_SIZE} */
export function readMetrics(metrics: readonly SweepMetric[]): readonly ReadMetric[] {
  const known = { world: [...worldNames, "run"], ofAgent: false };
  return metrics.map((metric) => ({ ...metric, read: parseExpression(metric.expression, known) }));
}

/** The world of a combination; two with the same key have the same row. */
export interface PreparedRun {
  readonly world: ResolvedWorld;
  readonly key: string;
}

/** @throws what a bad configuration throws */
export async function prepareRun(
  config: string,
  { seed, settings }: Combination,
  options: SweepOptions,
): Promise<PreparedRun> {
  const { ticks, allowUnsigned, metrics = [] } = options;
  const { world } = await loadConfig(config, {
    settings,
    ...(seed === undefined ? {} : { seed }),
    ...(allowUnsigned === undefined ? {} : { allowUnsigned }),
  });
  const { genesis, inputs, models, adapters, inference, invariants, stop } = world;
  const setup = { inputs, models, adapters, inference, invariants, stop };
  const identity = [hex(genesisDigest(nodeHasher, genesis)), setup, ticks ?? null, metrics];
  return { world, key: sha256Hex(Buffer.from(JSON.stringify(identity))) };
}

/** Runs a prepared combination in a folder that is its own, and measures its end. */
export async function runCombination(
  combination: Combination,
  { world, key }: PreparedRun,
  options: SweepOptions & { readonly dir: string; readonly read: readonly ReadMetric[] },
): Promise<SweepRow> {
  const dir = join(options.dir, "runs", `${String(combination.index).padStart(5, "0")}-${key.slice(0, 8)}`);
  // Left by a sweep that was interrupted: a run without a row is begun again.
  rmSync(dir, { recursive: true, force: true });
  // Outputs of runs at the same time do not write over each other.
  const outputs = world.outputs.map((output, index) => {
    return { ...output, path: join(dir, "outputs", `${index}-${basename(output.path)}`) };
  });
  const { isolation, signal } = options;
  await using running = await Engine.open(
    { ...world, outputs },
    {
      dir,
      workers: 1,
      ...(isolation === undefined ? {} : { isolation }),
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return await runToEnd(running, { ...combination, seed: world.genesis.seed }, options);
}

/** Runs an open world to its end and measures it. */
export async function runToEnd(
  running: RunningWorld,
  combination: Combination,
  { ticks, read }: Pick<SweepOptions, "ticks"> & { readonly read: readonly ReadMetric[] },
): Promise<SweepRow> {
  const result = await running.run(ticks === undefined ? {} : { ticks });
  const report = read.length === 0 ? undefined : await running.inspect({ describe: true });
  return measuredRow(combination, read, { result, report });
}

/** The row of a combination whose world has ended. */
export function measuredRow(
  combination: Combination,
  read: readonly ReadMetric[],
  { result, report }: { readonly result: RunResult; readonly report: WorldReport | undefined },
): SweepRow {
  return endedRow(combination, { result, metrics: measured(read, result, report) });
}

function measured(
  metrics: readonly ReadMetric[],
  result: RunResult,
  report: WorldReport | undefined,
): Readonly<Record<string, Json>> {
  if (report === undefined) return {};
  const agents = report.agents.map(subjectAgent);
  const subject = { tick: report.tick, agents, run: { ...result } };
  return Object.fromEntries(
    metrics.map(({ name, read }) => {
      const value = evaluate(read, subject);
      const isPlain = value === null || ["number", "string", "boolean"].includes(typeof value);
      return [name, isPlain ? (value as Json) : null]; // just looked at
    }),
  );
}

function subjectAgent(agent: AgentReport): SubjectAgent {
  const { agentId, moduleName, mailbox, pendingRequests, describe } = agent;
  return {
    id: () => agentId,
    status: () => agent.status,
    module: () => moduleName,
    tenant: () => agent.tenant,
    fuel: () => agent.fuel,
    faults: () => agent.faults,
    mailbox: () => mailbox.length,
    pending: () => pendingRequests.length,
    messages: () => agent.messages,
    requests: () => agent.requests,
    spawns: () => agent.spawns,
    state: () => stateOf(describe) ?? null,
  };
}

function endedRow(
  combination: Combination,
  end: { readonly result: RunResult; readonly metrics: SweepRow["metrics"] },
): SweepRow {
  const { result, metrics } = end;
  const { reason, violation, unsupervised } = result;
  const broken = violation === undefined ? undefined : `"${violation.invariant}" at tick ${violation.tick}`;
  const fault = unsupervised === undefined ? "" : `${unsupervised.code} of ${unsupervised.agentId}`;
  const code = reason === "invariant" ? "WE_INVARIANT_VIOLATED" : "WE_RUN_UNSUPERVISED";
  const ok = reason !== "invariant" && reason !== "unsupervised";
  return {
    ...emptyRow(combination),
    ok,
    dir: result.dir,
    reason,
    ticks: result.ticks,
    chainHead: result.chainHead,
    agents: result.agents,
    turns: result.turnsExecuted,
    messages: result.messages,
    faults: result.faults,
    fuel: result.fuel,
    metrics,
    error: ok ? null : { code, message: broken ?? fault },
  };
}

/** The row of a combination that came to no end. */
export function failedRow(combination: Combination, error: unknown): SweepRow {
  if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
  return { ...emptyRow(combination), error: { code: error.code, message: error.message } };
}

function emptyRow({ index, seed, settings }: Combination): SweepRow {
  return {
    index,
    seed: seed ?? null,
    settings: Object.fromEntries(settings.map(({ path, value }) => [path, value])),
    ok: false,
    dir: null,
    reason: null,
    ticks: null,
    chainHead: null,
    agents: null,
    turns: null,
    messages: null,
    faults: null,
    fuel: null,
    metrics: {},
    error: null,
  };
}
