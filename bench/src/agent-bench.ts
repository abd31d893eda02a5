/**
 * What the language of an agent costs: one agent that counts a message and sends it on, in TypeScript, AssemblyScript and
 * C, as a world with everything that a world does, and as a bare instance. Ratios are to AssemblyScript in the same run.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildModule } from "@wasm-engine/engine";
import { Engine, replayRun } from "wasm-engine";
import type { Progress, RunningWorld } from "wasm-engine";
import { measureBare } from "./bare-echo.js";
import type { BareFigure } from "./bare-echo.js";
import type { BenchOptions, Say } from "./bench-options.js";
import { digits, figureTable } from "./figure-table.js";
import { headLine, machineFacts, machineLoad } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { createWorldFolder } from "./world-folder.js";
import type { AgentName, WorldFolder } from "./world-folder.js";

interface Form {
  readonly name: string;
  readonly agent: AgentName;
  readonly mode: "bytes" | "json" | "await";
}

const forms: readonly Form[] = [
  { name: "C", agent: "echo-c", mode: "bytes" },
  { name: "AssemblyScript", agent: "echo-compiled", mode: "bytes" },
  { name: "TypeScript, bytes", agent: "echo-script", mode: "bytes" },
  { name: "TypeScript, JSON", agent: "echo-script", mode: "json" },
  { name: "TypeScript, await of an answer", agent: "echo-script", mode: "await" },
];

export interface AgentFigure {
  readonly name: string;
  readonly agents: number;
  /** Of a message through the whole engine with one executing thread: turn, order, digest, log. */
  readonly messageMicros: number;
  readonly windowMessages: number;
  /** Of `messageMicros`, to AssemblyScript in this run. */
  readonly ratio: number;
  /** Absent where the agent does nothing without answers. */
  readonly bare?: BareFigure;
  readonly replay: "identical" | "different";
  readonly ok: boolean;
}

export interface AgentDocument {
  readonly bench: "agents";
  readonly machine: MachineFacts;
  /** Of the last minute, when the run began. */
  readonly load: number;
  readonly figures: readonly AgentFigure[];
  readonly quick: boolean;
  readonly ok: boolean;
}

export async function measureAgents(options: BenchOptions, say: Say): Promise<AgentDocument> {
  const machine = machineFacts();
  const load = machineLoad();
  say(headLine("agents", machine, { quick: options.quick, load }));
  const measured: AgentFigure[] = [];
  for (const form of forms) {
    measured.push(await measureForm(form, options));
    say(`  ${form.name}: ${digits(measured.at(-1)?.messageMicros ?? 0)} µs per message`);
  }
  const base = measured.find(({ name }) => name === "AssemblyScript")?.messageMicros ?? Infinity;
  const figures = measured.map((figure) => ({ ...figure, ratio: figure.messageMicros / base }));
  return {
    bench: "agents",
    machine,
    load,
    figures,
    quick: options.quick,
    ok: figures.every(({ ok }) => ok),
  };
}

async function measureForm(form: Form, options: BenchOptions): Promise<AgentFigure> {
  const { quick, keep } = options;
  const agents = options.sizes[0] ?? 1;
  const folder = createWorldFolder({
    name: `${form.agent}-${form.mode}`,
    agent: form.agent,
    agents,
    columns: ["peer"],
    row: (agent) => [`s${(agent + 1) % agents}`],
    entry: [`args: { peer: "{peer}", mode: ${form.mode} }`, 'capabilities: { send: ["*"] }'],
  });
  try {
    const bytes = await moduleBytes(form, folder);
    const start = { peer: "s1", mode: form.mode };
    const payload =
      form.mode === "bytes"
        ? new Uint8Array(64).fill(7)
        : { number: 1, text: "a message of about 64 bytes as JSON" };
    const rounds = quick
      ? { instances: 2, rounds: 1, roundMs: 1 }
      : { instances: 21, rounds: 5, roundMs: 400 };
    const bare = form.mode === "await" ? {} : { bare: measureBare(bytes, { start, payload, ...rounds }) };
    return { ...(await measureWorld(form, { agents, folder, quick })), ...bare };
  } finally {
    if (!keep) folder.remove();
  }
}

async function moduleBytes({ agent }: Form, { folder }: WorldFolder): Promise<Uint8Array> {
  if (agent === "echo-c") return readFileSync(join(folder, "agents/echo-c.wasm"));
  const { bytes } = await buildModule(join(folder, `agents/${agent}.ts`), { directory: folder, name: agent });
  return bytes;
}

interface Setting {
  readonly agents: number;
  readonly folder: WorldFolder;
  readonly quick: boolean;
}

async function measureWorld(form: Form, { agents, folder, quick }: Setting): Promise<AgentFigure> {
  // One thread: the figure is the price of a message, and not how many of them the machine can pay at once.
  const world = await Engine.open(folder.config, { dir: folder.runFolder("measured"), workers: 1 });
  const { first, last } = await observe(
    world,
    quick ? { warmUpMs: 1, windowMs: 1 } : { warmUpMs: 2000, windowMs: 5000 },
  );
  const report = await world.inspect({ describe: true });
  const result = await world.stop();
  await world.close();
  // Nobody times the replay: a smoke test does without a process for it.
  const { verified } = await replayRun(result.dir, quick ? { isolation: "inline" } : {});
  const windowMessages = last.messages - first.messages;
  const counts = report.agents.map(({ describe }) => countOf(describe));
  // Everybody has one message under way: nobody is ahead of the others by more than one.
  const even = Math.max(...counts) - Math.min(...counts) <= 1;
  return {
    name: form.name,
    agents,
    messageMicros: ((last.wallMs - first.wallMs) * 1000) / windowMessages,
    windowMessages,
    ratio: 1,
    replay: verified ? "identical" : "different",
    ok: verified && even && result.faults === 0 && windowMessages > 0,
  };
}

function countOf(described: unknown): number {
  const said = described as { count?: number; state?: { count: number } }; // of worlds/echo
  return said.state?.count ?? said.count ?? Number.NaN;
}

interface WindowPlan {
  readonly warmUpMs: number;
  readonly windowMs: number;
}

async function observe(world: RunningWorld, plan: WindowPlan): Promise<{ first: Progress; last: Progress }> {
  const end = new AbortController();
  let first: Progress | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const onProgress = (progress: Progress): void => {
        if (first === undefined) {
          if (progress.wallMs >= plan.warmUpMs && progress.messages > 0) first = progress;
        } else if (progress.wallMs - first.wallMs >= plan.windowMs && progress.messages > first.messages)
          resolve({ first, last: progress });
      };
      world.run({ until: "never", onProgress, signal: end.signal }).catch(reject);
    });
  } finally {
    end.abort(); // The world rests after the tick that is under way.
  }
}

export function agentTables({ figures }: AgentDocument): string {
  const head = [
    "agent",
    "µs/message",
    "ratio",
    "bare µs",
    "begin ms",
    "compile ms",
    "module KiB",
    "memory KiB",
    "stored KiB",
  ];
  const rows = figures.map(({ name, messageMicros, ratio, bare }) => {
    const kib = (bytes: number | undefined): string => (bytes === undefined ? "-" : digits(bytes / 1024));
    const figure = (value: number | undefined): string => (value === undefined ? "-" : digits(value));
    return [
      name,
      digits(messageMicros),
      digits(ratio),
      ...[bare?.invocationMicros, bare?.beginMs, bare?.compileMs].map(figure),
      ...[bare?.moduleBytes, bare?.memoryBytes, bare?.storedBytes].map(kib),
    ];
  });
  return `\n${figureTable(head, rows)}`;
}
