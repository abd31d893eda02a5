/** Every verb as data: drives the parser, `--help`, the reference page and its tests. */

import type { CommandDefinition } from "./command.js";

const workersOption = {
  flags: "--workers <n>",
  summary: "threads that execute agents: a number, or auto (default); shows in no result",
};
const runArgument = { name: "run", summary: "path, unique prefix of a run id, @last, or a bundle" };

export const commands: readonly CommandDefinition[] = [
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
      { flags: "--durability <level>", summary: "sync, periodic or ephemeral" },
      {
        flags: "--input <source>",
        summary:
          "- for JSON Lines on standard input besides the configured inputs: members to and topic of a line address it, the whole line is the payload",
      },
      { flags: "--realtime", summary: "pace ticks by the wall clock" },
      {
        flags: "--delivery <when>",
        summary:
          "lockstep: a tick waits for the answers of models that are due in it; recorded: nothing waits (default: lockstep, with --realtime recorded)",
      },
      {
        flags: "--strict-inference",
        summary: "exit with 4 where a model does not run on the first of its providers",
      },
      workersOption,
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
    load: async () => (await import("./commands/run.js")).run,
  },
  {
    name: "replay",
    summary: "Execute a run again and compare every commit",
    description:
      "Executes every turn of the log again and compares commit by commit. On a difference, the first tick and agent are named. Models and tools are never called, unless --verify-inference asks the models again and compares their answers with the log: bit for bit under the recorded fingerprint, else within 1e-5 + 1e-3 × |expected|.",
    arguments: [runArgument],
    options: [
      {
        flags: "--from <tick>",
        summary: "start from the newest snapshot at or before this tick",
        type: "integer",
      },
      { flags: "--to <tick>", summary: "last tick to execute", type: "integer" },
      { flags: "--verify-inference", summary: "ask the models again and compare their answers with the log" },
      workersOption,
      {
        flags: "--testing-flip-bit <where>",
        summary: "test only: flip AGENT@TICK:BYTE.BIT of memory, to see it found",
      },
    ],
    examples: ["wasm-engine replay @last", "wasm-engine replay @last --to 100 --json"],
    exitCodes: "0 identical, 3 divergence, other answers or damaged log, 4 environment",
    load: async () => (await import("./commands/replay.js")).replay,
  },
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
    load: async () => (await import("./commands/inspect.js")).inspect,
  },
  {
    name: "log",
    summary: "List the records on disk",
    description:
      "Lists the event log's records as they lie on disk: inputs and commits, decoded. Executes nothing.",
    arguments: [runArgument],
    options: [
      { flags: "--from <tick>", summary: "first tick", type: "integer" },
      { flags: "--to <tick>", summary: "last tick", type: "integer" },
      { flags: "--follow", summary: "print rows as they are read (JSON Lines with --json)" },
    ],
    examples: ["wasm-engine log @last --from 10 --to 12", "wasm-engine log @last --follow --json"],
    exitCodes: "0 ok, 2 unknown run, 3 damaged log",
    load: async () => (await import("./commands/log.js")).log,
  },
  {
    name: "logs",
    summary: "Show what agents wrote to their consoles, and how they faulted",
    description:
      "Shows agents' console lines, and a line of level fault for every fault, with what the agent logged as an error in the invocation that failed. They are not stored: the run is replayed to produce them.",
    arguments: [runArgument],
    options: [
      { flags: "--agent <id>", summary: "only this agent" },
      { flags: "--from <tick>", summary: "first tick", type: "integer" },
      { flags: "--to <tick>", summary: "last tick", type: "integer" },
    ],
    examples: ["wasm-engine logs @last --agent ORD"],
    exitCodes: "0 ok, 2 unknown run, 3 divergence or damaged log",
    load: async () => (await import("./commands/logs.js")).logs,
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
    load: async () => (await import("./commands/verify-log.js")).verifyLog,
  },
  {
    name: "bundle",
    summary: "Write a run as one file that replays anywhere",
    description:
      "Verifies the log and writes it with the modules and the facts of the run into one file, without any path of this machine. Equal runs give equal content digests. Snapshots, outputs and models stay out.",
    arguments: [{ name: "run", summary: "path of the folder, unique prefix of a run id, or @last" }],
    options: [{ flags: "--out <file>", summary: "where to write it; must not exist" }],
    examples: ["wasm-engine bundle @last --out airports.bundle"],
    exitCodes: "0 ok, 2 usage, unknown run or a file that exists, 3 damaged log, 4 not writable, 5 too large",
    load: async () => (await import("./commands/bundle.js")).bundle,
  },
  {
    name: "open",
    summary: "Verify a bundle and unpack it into a run folder",
    description:
      "Checks every digest, every name and the chain of the log before anything is written. To look at a bundle, this is not needed: replay, inspect, log, logs and verify-log take it directly.",
    arguments: [{ name: "bundle", summary: "path of the bundle" }],
    options: [
      {
        flags: "--dir <folder>",
        summary: "run folder; must not exist (default: .wasm-engine/runs/ in the working directory)",
      },
    ],
    examples: [
      "wasm-engine open airports.bundle",
      "wasm-engine open airports.bundle --dir airports-run --json",
    ],
    exitCodes:
      "0 ok, 2 usage or a folder that exists, 3 damaged, 4 another format or not readable, 5 too large",
    load: async () => (await import("./commands/open.js")).open,
  },
  {
    name: "build",
    summary: "Build and sign a module",
    description:
      "Compiles a source (AssemblyScript .ts, C .c, JavaScript .js) or takes a .wasm, checks it, attaches its manifest and signs it with the project's development key.",
    arguments: [{ name: "source", summary: "path of the source or module" }],
    options: [
      {
        flags: "--out <file>",
        summary: "where to write the signed module (default: beside the source, .wasm)",
      },
      { flags: "--name <name>", summary: "name in the manifest (default: the file's)" },
    ],
    examples: ["wasm-engine build agents/airport.ts --out airport.wasm"],
    exitCodes: "0 ok, 1 compilation failed, 2 usage, 4 compiler missing",
    load: async () => (await import("./commands/build.js")).build,
  },
  {
    name: "keygen",
    summary: "Make a pair of signing keys",
    description:
      "Makes an Ed25519 pair in the wasmsign2 form: NAME.key, readable by its owner only, and NAME.pub. Overwrites nothing.",
    arguments: [],
    options: [
      {
        flags: "--out <path>",
        summary:
          "folder for the two files, or the secret key's file ending in .key (default: the working directory)",
      },
      { flags: "--name <name>", summary: "name of the files (default: signing)" },
    ],
    examples: ["wasm-engine keygen --out keys --name vendor"],
    exitCodes: "0 ok, 2 usage or a key that exists, 4 not writable",
    load: async () => (await import("./commands/keygen.js")).keygen,
  },
  {
    name: "sign",
    summary: "Add signatures to a module",
    description:
      "Signs a module with one or more secret keys. Signatures that it carries stay, and so does its digest, which is over everything but signatures.",
    arguments: [{ name: "module", summary: "path of the .wasm file" }],
    options: [
      { flags: "--key <file>", summary: "secret key; may be repeated", type: "list" },
      { flags: "--out <file>", summary: "where the result goes (default: the module itself, or MODULE.sig)" },
      { flags: "--detached", summary: "write the signatures into a file of their own; those in it stay" },
    ],
    examples: [
      "wasm-engine sign agent.wasm --key keys/vendor.key",
      "wasm-engine sign agent.wasm --key keys/audit.key --detached --out agent.sig",
    ],
    exitCodes: "0 ok, 1 no module or signed before, 2 usage or a wrong key, 4 not readable or writable",
    load: async () => (await import("./commands/sign.js")).sign,
  },
  {
    name: "verify",
    summary: "Check the signatures of a module",
    description:
      "Says which keys signed a module as a whole, which are missing, and whether that is enough: all given keys, --threshold of them, or what `trust` of an engine.yaml requires (default: the project's that the module lies in). --rebuild also compares with what a source builds to.",
    arguments: [{ name: "module", summary: "path of the .wasm file" }],
    options: [
      {
        flags: "--key <file>",
        summary: "public key, or 64 hexadecimal digits; may be repeated",
        type: "list",
      },
      {
        flags: "--threshold <n>",
        summary: "how many of the keys are enough (default: all)",
        type: "integer",
      },
      { flags: "--policy <config>", summary: "engine.yaml whose `trust` decides" },
      { flags: "--signature <file>", summary: "detached signature of a module that carries none" },
      { flags: "--rebuild <source>", summary: "source that must build to the same module, signatures apart" },
    ],
    examples: [
      "wasm-engine verify agent.wasm --key keys/vendor.pub",
      "wasm-engine verify agent.wasm --policy engine.yaml --json",
      "wasm-engine verify agent.wasm --key keys/vendor.pub --rebuild src/agent.ts",
    ],
    exitCodes: "0 verified, 1 malformed, 2 usage or a wrong key, 3 not signed as required, 4 not readable",
    load: async () => (await import("./commands/verify.js")).verify,
  },
  {
    name: "model",
    summary: "Show the models of a configuration, or ask one of them",
    description:
      "list loads every model on its providers and shows version, provider, why others were passed over, latency and digest. try asks one of them once with JSON, as an agent would, and prints the answer. Neither builds modules or starts a world.",
    arguments: [
      { name: "action", summary: "list or try" },
      { name: "config", summary: "path of engine.yaml, or of a folder that holds one" },
      { name: "name", summary: "try: the model", optional: true },
      { name: "json", summary: "try: the request", optional: true },
    ],
    options: [],
    examples: ["wasm-engine model list engine.yaml", "wasm-engine model try engine.yaml delay '[[8, 740]]'"],
    exitCodes:
      "0 ok, 1 the model cannot answer that, 2 usage or unknown model, 3 another digest, 4 no provider",
    load: async () => (await import("./commands/model.js")).model,
  },
  {
    name: "setup",
    summary: "Install the native inference runtime into the project",
    description:
      "native installs onnxruntime-node with npm, without its install script, into .wasm-engine/native: providers cpu and webgpu, on macOS coreml, on Windows dml. cuda adds the CUDA 12 libraries through the package's own script (Linux on x64). Worlds run without either, on the provider wasm.",
    arguments: [{ name: "what", summary: "native or cuda" }],
    options: [
      { flags: "--dir <folder>", summary: "folder of the configuration (default: the working directory)" },
    ],
    examples: ["wasm-engine setup native", "wasm-engine setup cuda --dir worlds/airports"],
    exitCodes: "0 ok, 2 usage, 4 not downloadable or not writable",
    load: async () => (await import("./commands/setup.js")).setup,
  },
  {
    name: "doctor",
    summary: "Check whether worlds can run on this machine",
    description:
      "Checks Node, WebAssembly, float arithmetic, stacks, disk and compilers, tries the execution providers for models, and says what to do. Changes nothing.",
    arguments: [],
    options: [],
    examples: ["wasm-engine doctor"],
    exitCodes: "0 worlds can run, 4 something needed is missing",
    load: async () => (await import("./commands/doctor.js")).doctor,
  },
  {
    name: "explain",
    summary: "Explain an error code",
    description: "Prints what an error code means, when it happens and what to do.",
    arguments: [{ name: "code", summary: "WE_…, with or without the prefix", optional: true }],
    options: [{ flags: "--list", summary: "every code of this release" }],
    examples: ["wasm-engine explain WE_LOG_DAMAGED", "wasm-engine explain --list"],
    exitCodes: "0 ok, 2 unknown code",
    load: async () => (await import("./commands/explain.js")).explain,
  },
];
