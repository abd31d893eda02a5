/** Verbs that read runs and change nothing. */

import type { CommandDefinition } from "../command.js";
import { fromOption, runArgument, toOption } from "./shared-options.js";

export const lookingVerbs: readonly CommandDefinition[] = [
  {
    name: "inspect",
    summary: "Show the world, or one agent, at a tick",
    description:
      "Shows status, mailbox, pending requests, counters and digest of every agent, as sealed at a tick; for one agent also what it says about itself.",
    arguments: [runArgument],
    options: [
      { flags: "--at <tick>", summary: "as sealed at this tick (default: the last)", type: "integer" },
      { flags: "--agent <id>", summary: "only this agent, in full" },
    ],
    examples: ["wasm-engine inspect @last", "wasm-engine inspect @last --agent arbiter --at 100"],
    exitCodes: "0 ok, 2 unknown run or agent, 3 damaged log",
    load: async () => (await import("../commands/inspect.js")).inspect,
  },
  {
    name: "log",
    summary: "List the records on disk",
    description:
      "Lists the event log's records as they lie on disk: inputs and commits, decoded. Executes nothing.",
    arguments: [runArgument],
    options: [
      fromOption,
      toOption,
      { flags: "--follow", summary: "print rows as they are read (JSON Lines with --json)" },
    ],
    examples: ["wasm-engine log @last --from 10 --to 12", "wasm-engine log @last --follow --json"],
    exitCodes: "0 ok, 2 unknown run, 3 damaged log",
    load: async () => (await import("../commands/log.js")).log,
  },
  {
    name: "logs",
    summary: "Show what agents wrote to their consoles, and how they faulted",
    description:
      "Shows agents' console lines, and a line of level fault for every fault, with what the agent logged as an error in the invocation that failed. They are not stored: the run is replayed to produce them.",
    arguments: [runArgument],
    options: [
      { flags: "--agent <id>", summary: "only this agent" },
      { flags: "--at <tick>", summary: "only this tick", type: "integer" },
      fromOption,
      toOption,
      {
        flags: "--follow",
        summary: "print lines as they are computed, and go on while the run is live (JSON Lines with --json)",
      },
    ],
    examples: ["wasm-engine logs @last --agent ORD", "wasm-engine logs @last --follow"],
    exitCodes: "0 ok, 2 unknown run, 3 divergence or damaged log",
    load: async () => (await import("../commands/logs.js")).logs,
  },
  {
    name: "profile",
    summary: "Show which code the fuel of a run went to, exactly",
    description:
      "Executes the run again with modules that count what every function and every call path was charged, and compares every commit with the log. The sums are exact: they are those of the run. --out writes a flame graph that a browser opens. Functions have names where the project's sources, compiled with names, still give the code that ran; else numbers. Those of a TypeScript agent are functions of its interpreter.",
    arguments: [runArgument],
    options: [
      { flags: "--fuel", summary: "count fuel: what is counted where nothing is said" },
      { flags: "--agent <id>", summary: "only calls of this agent" },
      { flags: "--module <name>", summary: "only calls into this module of the configuration" },
      { ...fromOption, summary: "first tick that counts" },
      toOption,
      {
        flags: "--names <module=file>",
        summary: "names of functions from this source or .wasm file of the same code",
        type: "list",
      },
      { flags: "--out <file>", summary: "write a flame graph (.svg)" },
      { flags: "--folded <file>", summary: "write folded stacks, as other flame graph tools read them" },
      { flags: "--top <n>", summary: "rows of the tables (default: 20)", type: "integer" },
      {
        flags: "--blocks",
        summary: "fuel of every straight-line segment of code as well, by its byte offset",
      },
    ],
    examples: [
      "wasm-engine profile @last --fuel",
      "wasm-engine profile @last --fuel --agent ORD --from 100 --to 200 --out ord.svg",
      "wasm-engine profile @last --fuel --blocks --top 50",
    ],
    exitCodes: "0 ok, 2 unknown run, agent, module or tick, 3 divergence or damaged log, 4 file not writable",
    load: async () => (await import("../commands/profile.js")).profile,
  },
  {
    name: "trace",
    summary: "List what happened: inputs, messages, requests, faults, in order",
    description:
      "Lists every event of a run in the order of the world: what entered, what each agent received and what it did because of that, with the event that caused it. A follower computes it: a process of low priority that replays the log, also of a running world, compares every commit, and keeps a disposable index in RUN/index.",
    arguments: [runArgument],
    options: [
      { flags: "--agent <id>", summary: "only events of or with this agent" },
      { flags: "--from <id>", summary: "only what this agent sent" },
      { flags: "--to <id>", summary: "only what went to this agent" },
      { flags: "--topic <name>", summary: "only messages of this topic" },
      { flags: "--since <tick>", summary: "first tick", type: "integer" },
      { flags: "--until <tick>", summary: "last tick", type: "integer" },
      {
        flags: "--follow",
        summary: "print events as they are found, and go on while the run is live (JSON Lines with --json)",
      },
    ],
    examples: [
      "wasm-engine trace @last --agent arbiter --since 100",
      "wasm-engine trace @last --topic score --follow",
    ],
    exitCodes: "0 ok, 2 unknown run, 3 divergence or damaged log",
    load: async () => (await import("../commands/trace.js")).trace,
  },
  {
    name: "why",
    summary: "Show the chain of causes behind a message, a field or a fault",
    description:
      "Follows causes back from a message (an id that trace shows), from the last change of a field that an agent describes, or from a fault, to the input that began it. Then shows what the agent there had been told before by other agents and would have done otherwise without: it is executed again with one message less, the newest first, until it does something else. Where that cannot be tried, the newest message is shown and said to be unproved.",
    arguments: [
      runArgument,
      {
        name: "message",
        summary: "id of a message or event, as trace shows it: ORD:12, input:7, #345",
        optional: true,
      },
    ],
    options: [
      { flags: "--agent <id>", summary: "with --field: the agent that describes it" },
      { flags: "--field <path>", summary: "path into what the agent describes: notes, state.total, list.0" },
      {
        flags: "--at <tick>",
        summary: "with --field: its value as of this tick (default: the last)",
        type: "integer",
      },
      { flags: "--fault <n>", summary: "the n-th fault of the run, from 1", type: "integer" },
      {
        flags: "--behind <n>",
        summary: "chains of earlier messages that are shown as well (default: 3)",
        type: "integer",
      },
    ],
    examples: [
      "wasm-engine why @last ORD:4510",
      "wasm-engine why @last --agent ORD --field notes --at 12000",
      "wasm-engine why @last --fault 1 --json",
    ],
    exitCodes: "0 ok, 2 unknown run, event, agent or field, 3 divergence or damaged log",
    load: async () => (await import("../commands/why.js")).why,
  },
  {
    name: "verify-log",
    summary: "Check every byte of a run's log and its chain",
    description:
      "Checks every record's checksum and position, and recomputes the hash chain, without executing anything. Names the damaged record.",
    arguments: [runArgument],
    options: [],
    examples: ["wasm-engine verify-log @last"],
    exitCodes: "0 whole, 3 damaged",
    load: async () => (await import("../commands/verify-log.js")).verifyLog,
  },
];
