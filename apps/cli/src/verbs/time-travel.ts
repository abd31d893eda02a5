/** Verbs that make other runs of recorded ones and compare them. */

import type { CommandDefinition } from "../command.js";
import { runArgument, workersOption } from "./shared-options.js";

export const timeTravelVerbs: readonly CommandDefinition[] = [
  {
    name: "fork",
    summary: "Make a run that shares the history of another one up to a tick",
    description:
      "Makes a run of its own that holds the log of RUN up to --at and goes on from there with one thing changed. What entered RUN from outside later enters again at its ticks; an answer of a model or a tool is taken from RUN where the same request is made again, else it is asked for. Outputs are written below the new run's folder. --run goes on with it at once; else: wasm-engine run --resume DIR.",
    arguments: [runArgument],
    options: [
      { flags: "--at <tick>", summary: "last tick that both runs share, or start: before tick 0" },
      {
        flags: "--inputs <what>",
        summary:
          "keep (default): later inputs of RUN; none; or a .jsonl or .csv file, whose records name to, topic and tick",
      },
      {
        flags: "--set <key=value>",
        summary:
          "module.NAME=FILE, model.NAME=ENTRY, tool.NAME=ENTRY (as in engine.yaml); with --at start also seed=N, policy=NAME, args.AGENT.PATH=JSON",
        type: "list",
      },
      { flags: "--input <seq=json>", summary: "another payload for a later input", type: "list" },
      { flags: "--drop-input <seq>", summary: "a later input that does not enter", type: "list" },
      {
        flags: "--dir <folder>",
        summary: "folder of the fork; must not exist (default: .wasm-engine/runs/ beside the config)",
      },
      { flags: "--run", summary: "go on with the fork at once, and report as run does" },
      { flags: "--ticks <n>", summary: "with --run: stop before this tick", type: "integer" },
      workersOption,
    ],
    examples: [
      "wasm-engine fork @last --at 41 --set module.writer=agents/writer.ts --run",
      "wasm-engine fork @last --at start --set seed=7 --set args.writer.tone='\"dry\"' --run --json",
      "wasm-engine fork @last --at 120 --input 33='{\"price\":9}' --drop-input 34",
    ],
    exitCodes:
      "0 ok, 1 a fault was escalated to nobody, 2 usage, 3 divergence, 4 environment, 5 limit, 130 interrupted",
    load: async () => (await import("../commands/fork.js")).fork,
  },
  {
    name: "diff",
    summary: "Find where two runs part: tick, agent, message or byte",
    description:
      "Compares the chains of two runs. Where they differ, both are executed from their nearest snapshots, and the first tick, the first agent in the order of commits, and what of it differs are shown: an input, a message, memory, fuel. A different start (seed, arguments, modules, limits) and other models, tools and inputs are named first. Models and tools are never called.",
    arguments: [
      { name: "left", summary: "path, unique prefix of a run id, @last, or a bundle" },
      { name: "right", summary: "the run that it is compared with" },
    ],
    options: [],
    examples: ["wasm-engine diff 20260114-0930 @last", "wasm-engine diff evidence.wrun @last --json"],
    exitCodes: "0 equal, 2 usage, 3 different, 4 environment",
    load: async () => (await import("../commands/diff.js")).diff,
  },
];
