/** Verbs that run worlds and execute them again. */

import type { CommandDefinition } from "../command.js";
import { fromOption, runArgument, toOption, workersOption } from "./shared-options.js";

export const runningVerbs: readonly CommandDefinition[] = [
  {
    name: "run",
    summary: "Run a world from its configuration, or go on with a run",
    description:
      "Starts a world from engine.yaml in a process of its own and runs it until its stop rule holds. Faults that agents' strategies contain are counted, told on stderr and fail nothing: such a run exits 0. A fault that is escalated to nobody ends the run with exit code 1; it can still be replayed and resumed. Ctrl-C finishes the tick and seals; --resume goes on from there, also after a crash.",
    arguments: [
      { name: "config", summary: "path of engine.yaml, or of a folder that holds one", optional: true },
    ],
    options: [
      { flags: "--resume <run>", summary: "go on with this run instead of starting one" },
      { flags: "--ticks <n>", summary: "stop before this tick", type: "integer" },
      { flags: "--seed <n>", summary: "seed instead of the configured one", type: "integer" },
      {
        flags: "--dir <folder>",
        summary: "run folder; must not exist (default: .wasm-engine/runs/ beside the config)",
      },
      {
        flags: "--durability <level>",
        summary: "sync, periodic or ephemeral",
        values: ["sync", "periodic", "ephemeral"],
      },
      {
        flags: "--input <source>",
        summary:
          "- for JSON Lines on standard input besides the configured inputs: members to and topic of a line address it, the whole line is the payload",
      },
      { flags: "--realtime", summary: "pace ticks by the wall clock" },
      {
        flags: "--detach",
        summary: "return once the world is open; it runs until its stop rule holds or stop is said",
      },
      {
        flags: "--delivery <when>",
        summary:
          "lockstep: a tick waits for the answers of models that are due in it; recorded: nothing waits (default: lockstep, with --realtime recorded)",
        values: ["lockstep", "recorded"],
      },
      {
        flags: "--model <source>",
        summary:
          "NAME=SOURCE: another source for a model of the config, e.g. writer=openai:http://127.0.0.1:11434/v1#llama; also a folder, scripted:FILE, recorded:RUN, failing:refuse",
        type: "list",
      },
      {
        flags: "--ask-anew",
        summary: "ask every model, also where an earlier run was given an answer to the same request",
      },
      {
        flags: "--strict-inference",
        summary: "exit with 4 where a model does not run on the first of its providers",
      },
      workersOption,
      {
        flags: "--inference-workers <n>",
        summary: "threads that answer for each model in a folder; shows in no answer",
        type: "integer",
      },
      { flags: "--allow-unsigned", summary: "accept modules without a trusted signature" },
    ],
    examples: [
      "wasm-engine run engine.yaml",
      "wasm-engine run engine.yaml --ticks 100 --json",
      "wasm-engine run --resume @last",
      `echo '{"to":"arbiter","topic":"question"}' | wasm-engine run engine.yaml --input -`,
    ],
    exitCodes:
      "0 ok, 1 a fault was escalated to nobody, 2 usage, 3 divergence on resume, 4 environment, 5 limit, 130 interrupted",
    load: async () => (await import("../commands/run.js")).run,
  },
  {
    name: "replay",
    summary: "Execute a run again and compare every commit",
    description:
      "Executes every turn of the log again and compares commit by commit. On a difference, the first tick and agent are named. Models and tools are never called, unless --verify-inference asks the models again and compares their answers with the log: bit for bit under the recorded fingerprint, else within 1e-5 + 1e-3 × |expected|.",
    arguments: [runArgument],
    options: [
      { ...fromOption, summary: "start from the newest snapshot at or before this tick" },
      toOption,
      { flags: "--verify-inference", summary: "ask the models again and compare their answers with the log" },
      workersOption,
      {
        flags: "--testing-flip-bit <where>",
        summary: "test only: flip AGENT@TICK:BYTE.BIT of memory, to see it found",
      },
    ],
    examples: ["wasm-engine replay @last", "wasm-engine replay @last --to 100 --json"],
    exitCodes: "0 identical, 3 divergence, other answers or damaged log, 4 environment",
    load: async () => (await import("../commands/replay.js")).replay,
  },
];
