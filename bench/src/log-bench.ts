/**
 * The log benchmark: what a run leaves on the disk per tick, what a world costs that has nothing to do, and one
 * conversation kept by this engine and by LangGraph.js with its SQLite checkpointer, in bytes.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BenchOptions, Say } from "./bench-options.js";
import { measureConversation } from "./conversation.js";
import type { ConversationFigure } from "./conversation.js";
import { figureTable } from "./figure-table.js";
import { measureGrowth, measureIdle } from "./log-world.js";
import type { GrowthFigure, IdleFigure } from "./log-world.js";
import { headLine, machineFacts, machineLoad } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { firstLine, installPeer, peersFolder } from "./peer-project.js";
import { benchFolder } from "./world-folder.js";

/** Aims of DESIGN: bytes per tick with work and without inputs, and the share of a core while idle at 60 Hz. */
const bytesPerTickMax = 64;
const idleShareMax = 0.01;

export interface PeerConversations {
  readonly figures: readonly ConversationFigure[];
  /** Why there are none. */
  readonly skipped?: string;
}

export interface LogDocument {
  readonly bench: "log";
  readonly machine: MachineFacts;
  /** Of the last minute, when the run began. */
  readonly load: number;
  /** The largest of the measured worlds. */
  readonly bytesPerTick: number;
  /** Written by a world that has nothing to do. */
  readonly idleBytes?: number;
  /** Absent where the platform does not tell what a process has used. */
  readonly idleCoreShare?: number;
  readonly growth: readonly GrowthFigure[];
  /** Not in a smoke test, which has no time to wait for nothing. */
  readonly idle?: IdleFigure;
  readonly conversations: readonly ConversationFigure[];
  readonly langgraph: PeerConversations;
  readonly quick: boolean;
  readonly ok: boolean;
}

export async function measureLog(options: BenchOptions, say: Say): Promise<LogDocument> {
  const { quick } = options;
  const machine = machineFacts();
  const load = machineLoad();
  say(headLine("log", machine, { quick, load }));
  const growth: GrowthFigure[] = [];
  for (const agents of quick ? [3] : [1, 50, 1000])
    growth.push(await measureGrowth({ agents, ticks: quick ? 200 : agents < 1000 ? 10_000 : 1_000, quick }));
  const idle = quick ? undefined : await measureIdle({ agents: 50, windowMs: 20_000 });
  const steps = quick ? 4 : 1000;
  const conversations = [await measureConversation({ steps, source: "outside", quick })];
  if (!quick) conversations.push(await measureConversation({ steps, source: "agents", quick }));
  const langgraph = quick ? { figures: [], skipped: "quick" } : measureLanggraph(steps, say);
  const bytesPerTick = Math.max(...growth.map((figure) => figure.bytesPerTick));
  return {
    bench: "log",
    machine,
    load,
    bytesPerTick,
    ...(idle === undefined ? {} : { idleBytes: idle.bytes, idle }),
    ...(idle?.coreShare === undefined ? {} : { idleCoreShare: idle.coreShare }),
    growth,
    conversations,
    langgraph,
    quick,
    ok:
      bytesPerTick <= bytesPerTickMax &&
      (idle?.bytes ?? 0) === 0 &&
      (idle?.coreShare ?? 0) <= idleShareMax &&
      [...conversations, ...langgraph.figures].every(({ ok }) => ok),
  };
}

function measureLanggraph(steps: number, say: Say): PeerConversations {
  const problem = installPeer({ name: "sqlite", native: ["better-sqlite3"] }, say);
  if (problem !== undefined) return { figures: [], skipped: problem };
  const folder = join(benchFolder, ".wasm-engine", `conversation-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    const program = join(peersFolder, "sqlite/conversation.mjs");
    const words = [program, folder, String(steps)];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    if (status !== 0) return { figures: [], skipped: `ended early: ${firstLine(stderr)}` };
    return { figures: JSON.parse(stdout) as PeerConversations["figures"] }; // peers/sqlite/conversation.mjs
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function logTables(document: LogDocument): string {
  const { growth, idle, conversations, langgraph } = document;
  const grown = growth.map(({ agents, ticks, bytesPerTick }) => [
    String(agents),
    String(ticks),
    bytesPerTick.toFixed(2),
  ]);
  const spoken = [...conversations, ...langgraph.figures].map(({ name, bytes, stepsPerSecond, ok }) => [
    name,
    bytes.toLocaleString("en"),
    String(stepsPerSecond),
    ok ? "whole" : "NOT WHOLE",
  ]);
  const idled = idle === undefined ? [] : ["", idleLine(idle)];
  return [
    "",
    figureTable(["agents, a turn each per tick", "ticks", "bytes/tick"], grown),
    ...idled,
    "",
    figureTable(["conversation of 1 KiB messages", "bytes stored", "steps/s", "kept"], spoken),
    ...(langgraph.skipped === undefined ? [] : [`  SKIPPED LangGraph.js: ${langgraph.skipped}`]),
  ].join("\n");
}

function idleLine({ seconds, agents, bytes, coreShare }: IdleFigure): string {
  const share = coreShare === undefined ? "not known here" : `${(coreShare * 100).toFixed(3)} %`;
  return `  idle at 60 Hz for ${seconds} s, ${agents} agents: ${bytes} bytes, ${share} of a core`;
}
