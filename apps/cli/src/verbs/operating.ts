/** Verbs that operate a running world over the control socket of its run. */

import type { CommandDefinition, OptionDefinition } from "../command.js";
import { fromOption, toOption } from "./shared-options.js";

export const runOption: OptionDefinition = {
  flags: "--run <run>",
  summary: "path, unique prefix of a run id, or @last (default: the only running world of the project)",
};
const idOption: OptionDefinition = {
  flags: "--id <key>",
  summary: "idempotency key: a second input with it is ignored by the world while it remembers the first",
};
const exitCodes =
  "0 done, 1 the world ended first, 2 usage, unknown agent or no running world, 130 interrupted";

export const operatingVerbs: readonly CommandDefinition[] = [
  {
    name: "send",
    summary: "Send a message to an agent of a running world",
    description:
      "Logs one input and prints its tick and sequence once it is durable. The body is held against what the agent's module declares for the topic. With --wait it is a question, and the answer is printed. Plain text is JSON too, in quotes: '\"hello\"'.",
    arguments: [
      { name: "agent", summary: "id of the agent" },
      { name: "json", summary: "body of the message, or - for standard input" },
    ],
    options: [
      runOption,
      { flags: "--topic <topic>", summary: "type of the message (default: message)" },
      idOption,
      { flags: "--wait", summary: "wait for the agent's answer and print it" },
      {
        flags: "--timeout <seconds>",
        summary: "with --wait: give up after (default: 60; 0: never)",
        type: "integer",
      },
      {
        flags: "--no-check",
        summary: "neither look for the agent nor check the body: it is logged as it is",
      },
    ],
    examples: [
      `wasm-engine send arbiter '{"question":"how late is ORD?"}' --wait`,
      `echo '{"n":1}' | wasm-engine send counter - --topic add --id order-17`,
    ],
    exitCodes: `${exitCodes}; 1 also: the agent answered with an error, or not in time`,
    load: async () => (await import("../commands/send.js")).send,
  },
  {
    name: "publish",
    summary: "Publish a message in a running world",
    description: "Logs one input that reaches every agent which has joined the topic.",
    arguments: [
      { name: "topic", summary: "the topic" },
      { name: "json", summary: "body of the message, or - for standard input" },
    ],
    options: [runOption, idOption],
    examples: [`wasm-engine publish weather '{"wind":12}'`],
    exitCodes,
    load: async () => (await import("../commands/publish.js")).publish,
  },
  {
    name: "ps",
    summary: "List the agents of a running world",
    description:
      "Shows status, mailbox, pending requests, messages sent, faults and fuel of every agent. A recorded run is shown by inspect.",
    arguments: [{ name: "run", summary: "the run (default: the only running world)", optional: true }],
    options: [],
    examples: ["wasm-engine ps", "wasm-engine ps @last --json"],
    exitCodes,
    load: async () => (await import("../commands/ps.js")).ps,
  },
  {
    name: "runs",
    summary: "List the runs of the project",
    description:
      "Lists the runs of the working directory and of the projects below it, newest first: running (with the process), ended, interrupted, crashed (can be resumed) or unreadable. Runs in a folder of their own (--dir) are not among them.",
    arguments: [],
    options: [{ flags: "--tree", summary: "forks below the runs that they were made from, oldest first" }],
    examples: ["wasm-engine runs", "wasm-engine runs --tree", "wasm-engine runs --json"],
    exitCodes: "0 ok",
    load: async () => (await import("../commands/runs.js")).runs,
  },
  {
    name: "step",
    summary: "Execute the next ticks of a running world, then hold it",
    description:
      "Pauses the world and executes the next N ticks that have work. It stays paused: resume lets it go on.",
    arguments: [{ name: "n", summary: "ticks with work (default: 1)", optional: true }],
    options: [runOption],
    examples: ["wasm-engine step", "wasm-engine step 10"],
    exitCodes,
    load: async () => (await import("../commands/step.js")).step,
  },
  {
    name: "pause",
    summary: "Hold a running world, or one agent",
    description:
      "Without AGENT the world executes no tick until resume or step; inputs are logged and wait. With AGENT, a logged input: that agent takes no turns and keeps its mail.",
    arguments: [{ name: "agent", summary: "only this agent", optional: true }],
    options: [runOption],
    examples: ["wasm-engine pause", "wasm-engine pause arbiter"],
    exitCodes,
    load: async () => (await import("../commands/pause.js")).pause,
  },
  {
    name: "resume",
    summary: "Let a paused world, or one agent, go on",
    description: "The opposite of pause. A run that has ended is resumed by run --resume.",
    arguments: [{ name: "agent", summary: "only this agent", optional: true }],
    options: [runOption],
    examples: ["wasm-engine resume", "wasm-engine resume arbiter"],
    exitCodes,
    load: async () => (await import("../commands/resume.js")).resume,
  },
  {
    name: "kill",
    summary: "End an agent at once",
    description: "A logged input: the agent ends without its shutdown, its mail becomes dead letters.",
    arguments: [{ name: "agent", summary: "id of the agent" }],
    options: [runOption],
    examples: ["wasm-engine kill arbiter"],
    exitCodes,
    load: async () => (await import("../commands/kill.js")).kill,
  },
  {
    name: "stop",
    summary: "End a running world, or one agent, gracefully",
    description:
      "Without AGENT: the world finishes its tick, seals, keeps a snapshot and ends; run --resume goes on from there. With AGENT, a logged input: the agent gets a stop message and its shutdown.",
    arguments: [{ name: "agent", summary: "only this agent", optional: true }],
    options: [runOption],
    examples: ["wasm-engine stop", "wasm-engine stop arbiter"],
    exitCodes,
    load: async () => (await import("../commands/stop.js")).stop,
  },
  {
    name: "snapshot",
    summary: "Keep a snapshot of a running world",
    description:
      "Writes a snapshot of the last tick into the run folder: resuming and inspecting begin there.",
    arguments: [],
    options: [runOption],
    examples: ["wasm-engine snapshot"],
    exitCodes,
    load: async () => (await import("../commands/snapshot.js")).snapshot,
  },
  {
    name: "deadletters",
    summary: "Show what reached nobody, and why",
    description:
      "Messages, tasks and commands that were not delivered: no such agent, a full mailbox, a fault, a refused capability, a repeated key. A running world tells the newest ones; for a recorded run all are recomputed by replay.",
    arguments: [{ name: "run", summary: "the run (default: the only running world)", optional: true }],
    options: [
      { flags: "--agent <id>", summary: "only those for this agent" },
      { flags: "--follow", summary: "print rows as they come (JSON Lines with --json)" },
    ],
    examples: ["wasm-engine deadletters", "wasm-engine deadletters @last --agent arbiter --json"],
    exitCodes: "0 ok, 2 unknown run, 3 divergence or damaged log",
    load: async () => (await import("../commands/deadletters.js")).deadletters,
  },
  {
    name: "upgrade",
    summary: "Give an agent of a running world another module",
    description:
      "Gives AGENT the module MODULE, a name of the configuration, in a world that is running. While requests of the agent are pending the upgrade waits: their answers reach it, new messages wait for the new version. What is still pending after --drain-ticks refuses the upgrade; inspect shows status draining until then, and a refusal is a fault that names what was pending. Done once the input is durable. With --check a recorded run is executed again instead, and the code of --module beside it with the same mail: every agent of the module is compared turn by turn until it first asks for something else, faults differently or has ended. Nothing is changed then, and no world needs to run.",
    arguments: [
      {
        name: "agent",
        summary: "id of the agent; with --check the only one that is compared",
        optional: true,
      },
      { name: "module", summary: "name in `modules` of the configuration", optional: true },
    ],
    options: [
      {
        flags: "--drain-ticks <n>",
        summary: "ticks to wait for pending requests (default: 600); 0: at once, requests carry over",
        type: "integer",
      },
      { flags: "--check <run>", summary: "compare new code with the history of this run" },
      {
        flags: "--module <name=file>",
        summary: "with --check: new code of a module; may be repeated",
        type: "list",
      },
      {
        ...fromOption,
        summary: "with --check: upgrade at this tick (default: 0, the agents never had another code)",
      },
      { ...toOption, summary: "with --check: last tick" },
      runOption,
      idOption,
    ],
    examples: [
      "wasm-engine upgrade answerer answerer-v2",
      "wasm-engine upgrade answerer answerer-v2 --drain-ticks 50 --run 20010101 --json",
      "wasm-engine upgrade --check @last --module answerer=agents/answerer.ts",
    ],
    exitCodes: `${exitCodes}; with --check: 0 equal, 3 different`,
    load: async () => (await import("../commands/upgrade.js")).upgrade,
  },
];
