/** Verbs that make other runs of recorded ones and compare them. */

import type { CommandDefinition } from "../command.js";
import { fromOption, runArgument, toOption, workersOption } from "./shared-options.js";

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
        flags: "--cut <name>",
        summary:
          "an agent or a topic that is cut off after --at: nothing passes to it or from it any more; agent:NAME or topic:NAME where both have the name",
        type: "list",
      },
      {
        flags: "--dir <folder>",
        summary:
          "folder of the fork; must not exist, or be empty (default: .wasm-engine/runs/ beside the config)",
      },
      { flags: "--run", summary: "go on with the fork at once, and report as run does" },
      { flags: "--ticks <n>", summary: "with --run: stop before this tick", type: "integer" },
      workersOption,
    ],
    examples: [
      "wasm-engine fork @last --at 41 --set module.writer=agents/writer.ts --run",
      "wasm-engine fork @last --at start --set seed=7 --set args.writer.tone='\"dry\"' --run --json",
      "wasm-engine fork @last --at 41 --cut arbiter --cut topic:news --run",
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
  {
    name: "check",
    summary: "Replay a run and check what must hold in it",
    description:
      "Executes a run again and evaluates its invariants after every tick, or after every so many as they say: those of the configuration that it was made from, those of --config, or expressions given with --test. At the first that is false it stops, tells the tick, the agent and the values, and writes the run as a bundle. Agents are read as copies: nothing of the run changes.",
    arguments: [runArgument],
    options: [
      { flags: "--invariant <name>", summary: "only this one; may be repeated", type: "list" },
      { flags: "--test <expression>", summary: "check this expression; may be repeated", type: "list" },
      { flags: "--config <file>", summary: "the invariants of this engine.yaml instead of the run's" },
      fromOption,
      toOption,
      { flags: "--bundle <file>", summary: "where the bundle of a violation goes (default: beside the run)" },
    ],
    examples: [
      "wasm-engine check @last",
      "wasm-engine check @last --test 'sum(agents, state.balance) == 1000'",
      "wasm-engine check @last --config engine.yaml --invariant solvent --json",
    ],
    exitCodes: "0 holds, 1 violated, 2 usage, 3 divergence or damaged log, 4 environment",
    load: async () => (await import("../commands/check.js")).check,
  },
  {
    name: "bisect",
    summary: "Find the first tick at which something does not hold any more",
    description:
      "Looks for the first tick after --good at which an invariant of the run, or the expression of --test, is false. Snapshots between good and bad are tried first; what is left between two of them is executed once. It changes nothing.",
    arguments: [runArgument],
    options: [
      { flags: "--good <tick>", summary: "a tick at which it holds (default: 0)", type: "integer" },
      {
        flags: "--bad <tick>",
        summary: "a later tick at which it does not (default: the last)",
        type: "integer",
      },
      { flags: "--invariant <name>", summary: "an invariant of the run" },
      { flags: "--test <expression>", summary: "an expression that is true while all is well" },
    ],
    examples: [
      "wasm-engine bisect @last --invariant solvent",
      "wasm-engine bisect @last --good 10 --bad 400 --test 'agent(\"ORD\").state.delay < 60' --json",
    ],
    exitCodes: "0 found, 2 usage or no such ends, 3 divergence or damaged log, 4 environment",
    load: async () => (await import("../commands/bisect.js")).bisect,
  },
  {
    name: "sweep",
    summary: "Run a configuration, or the futures of a run, with many values and tabulate the outcomes",
    description:
      "Runs CONFIG once for every combination of --seeds and the values of every --set, the seed changing fastest. A row per combination says how it ended: chain head, ticks, faults, and the metrics, which are expressions over the final world and the figures of the run. A run that fails is a row with its code. What the folder of the sweep has already is not run again, so an interrupted sweep goes on and more values cost only themselves. Outputs are written below each run's folder. With --from every combination is a fork of a recorded run at --at: --set takes what fork --set takes, inputs=keep,none and input.SEQ=JSON values; seeds, policy and arguments are fixed from the start of a run, so they vary only with --at start.",
    arguments: [
      { name: "config", summary: "path of engine.yaml, or of a folder that holds one", optional: true },
    ],
    options: [
      { flags: "--from <run>", summary: "futures of this run instead of runs of a configuration" },
      {
        flags: "--at <tick>",
        summary: "with --from: last tick that all futures share, or start: before tick 0",
      },
      {
        flags: "--seeds <range>",
        summary: "A..B with both ends, or a list such as 1,2,5 (default: the configured one)",
      },
      {
        flags: "--set <path=values>",
        summary:
          "values of a part of the config, with commas or as a JSON list: clock.tickMs=10,100, agents.ID.args.NAME=1,2; may be repeated",
        type: "list",
      },
      {
        flags: "--metric <name=expression>",
        summary: "a column: sum(agents, state.balance), run.messages / run.ticks; may be repeated",
        type: "list",
      },
      { flags: "--ticks <n>", summary: "every run ends before this tick", type: "integer" },
      { flags: "--jobs <n>", summary: "runs at the same time (default: 1)", type: "integer" },
      { flags: "--out <file>", summary: "write the table as CSV" },
      {
        flags: "--dir <folder>",
        summary: "folder of the runs (default: .wasm-engine/sweeps/ beside the config)",
      },
      { flags: "--allow-unsigned", summary: "accept modules without a trusted signature" },
    ],
    examples: [
      "wasm-engine sweep engine.yaml --seeds 1..20 --metric 'total=sum(agents, state.balance)' --out table.csv",
      "wasm-engine sweep engine.yaml --seeds 1..5 --set agents.bank.args.rate=0.01,0.02 --jobs 4 --json",
      'wasm-engine sweep --from @last --at 120 --set module.writer=calm.ts,bold.ts --set \'input.130=[{"price":9},{"price":12}]\'',
    ],
    exitCodes: "0 ok, 1 a run failed, 2 usage, 5 limit, 130 interrupted",
    load: async () => (await import("../commands/sweep.js")).sweep,
  },
];
