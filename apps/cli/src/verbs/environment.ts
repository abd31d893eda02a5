/** Verbs about models, this machine and the errors that it may show. */

import type { CommandDefinition } from "../command.js";
import { runOption } from "./operating.js";

export const environmentVerbs: readonly CommandDefinition[] = [
  {
    name: "model",
    summary: "Add models to a project; show, ask and measure those of a configuration",
    description:
      "add fetches a model into models/NAME and pins every file in models.lock: hf:ORG/NAME[@REVISION] from a hub with the interface of Hugging Face (HF_ENDPOINT, HF_TOKEN, HF_HOME, HTTPS_PROXY), https://…/model.onnx, or file:PATH. It goes on where an interrupted one stopped; without a source every model of models.lock is made whole. list without a configuration, show and rm are about added models; show reads their files again. list with a configuration loads every model on its providers and shows version, provider, why others were passed over, latency and digest; models behind a server or a stand-in are shown with their address, delivery and reuse, and no server is asked. try asks one of them once with JSON, as an agent would, and prints the answer; bench asks it often, alone and beside others. None of them builds modules or starts a world. swap NAME OTHER has the model OTHER of the configuration answer what NAME is asked, in a world that is running, from the tick of a logged input on; what is under way is answered by the former one, and swap NAME NAME ends it.",
    arguments: [
      {
        name: "action",
        summary: "add, list, show, rm, try, bench or swap",
        values: ["add", "list", "show", "rm", "try", "bench", "swap"],
      },
      {
        name: "subject",
        summary:
          "add: the source; show, rm, swap: the model; list, try, bench: path of engine.yaml or its folder",
        optional: true,
      },
      { name: "name", summary: "try, bench: the model; swap: the one that answers for it", optional: true },
      { name: "json", summary: "try, bench: the request", optional: true },
    ],
    options: [
      { flags: "--name <name>", summary: "add: name of the model and its folder (default: the source's)" },
      {
        flags: "--dtype <type>",
        summary: "add: type of numbers (default: fp32)",
        values: ["fp32", "fp16", "q8", "int8", "uint8", "q4", "q4f16", "bnb4"],
      },
      { flags: "--file <path>", summary: "add: the .onnx file within the source, where its name is unusual" },
      {
        flags: "--dir <folder>",
        summary: "folder of the configuration, for added models (default: the working directory)",
      },
      { ...runOption, summary: `swap: ${runOption.summary}` },
    ],
    examples: [
      "wasm-engine model add hf:ORG/NAME --dtype q4",
      "wasm-engine model show NAME",
      "wasm-engine model list engine.yaml",
      "wasm-engine model try engine.yaml delay '[[8, 740]]'",
      "wasm-engine model swap writer writer-2 --run @last",
    ],
    exitCodes:
      "0 ok, 1 the model cannot answer that, 2 usage or unknown model, 3 another digest, 4 no provider, network or room, 130 interrupted",
    load: async () => (await import("../commands/model.js")).model,
  },
  {
    name: "serve",
    summary: "Serve models, and agents of a running world, to clients of OpenAI",
    description:
      "Listens on 127.0.0.1 for clients that speak the interface of OpenAI: GET /v1/models, POST /v1/chat/completions, /v1/completions and /v1/embeddings, with streams. Models in folders are served outside of any world: MODEL is a folder, NAME=FOLDER or an added model, --models-of takes those of a configuration. With --run the agents of a running world are the models agent/NAME: each request is a logged input. Runs until Ctrl-C. The address is on standard error, with --follow on the first line of standard output.",
    arguments: [
      {
        name: "models",
        summary: "folders, NAME=FOLDER, or names of models.lock",
        optional: true,
        variadic: true,
      },
    ],
    options: [
      { flags: "--models-of <config>", summary: "all models in folders of an engine.yaml" },
      {
        flags: "--run <run>",
        summary: "the agents of this running world: path, prefix of a run id, or @last",
      },
      { flags: "--port <n>", summary: "port on 127.0.0.1 (default: 0, any that is free)", type: "integer" },
      { flags: "--token-file <path>", summary: "clients must send what this file holds as a bearer token" },
      {
        flags: "--provider <name>",
        summary: "of the named models: providers in order; may be repeated (default: wasm)",
        type: "list",
        values: ["cuda", "tensorrt", "webgpu", "coreml", "dml", "cpu", "wasm"],
      },
      {
        flags: "--cors <origin>",
        summary: "pages of this site may ask; may be repeated (default: none)",
        type: "list",
      },
      {
        flags: "--timeout <seconds>",
        summary: "wait so long for an agent's answer (default: 600; 0: for ever)",
        type: "integer",
      },
      { flags: "--follow", summary: "a line per request on standard output (JSON Lines with --json)" },
    ],
    examples: [
      "wasm-engine serve ./models/story --port 8080",
      "wasm-engine serve --models-of engine.yaml --follow --json",
      "wasm-engine serve --run @last",
    ],
    exitCodes:
      "0 ended by Ctrl-C or SIGTERM, 2 usage, unknown model, bad token file or no running world, 4 no provider or the port is taken",
    load: async () => (await import("../commands/serve.js")).serve,
  },
  {
    name: "setup",
    summary: "Install the native inference runtime into the project",
    description:
      "native installs onnxruntime-node with npm, without its install script, into .wasm-engine/native: providers cpu and webgpu, on macOS coreml, on Windows dml. cuda adds the CUDA 12 libraries through the package's own script (Linux on x64). Worlds run without either, on the provider wasm.",
    arguments: [{ name: "what", summary: "native or cuda", values: ["native", "cuda"] }],
    options: [
      { flags: "--dir <folder>", summary: "folder of the configuration (default: the working directory)" },
    ],
    examples: ["wasm-engine setup native", "wasm-engine setup cuda --dir worlds/airports"],
    exitCodes: "0 ok, 2 usage, 4 not downloadable or not writable",
    load: async () => (await import("../commands/setup.js")).setup,
  },
  {
    name: "doctor",
    summary: "Check whether worlds can run on this machine",
    description:
      "Checks Node, WebAssembly, float arithmetic, stacks, disk and compilers, tries the execution providers for models, looks whether servers of ./engine.yaml on this machine answer and whether added models fit into memory, and says what to do. Changes nothing.",
    arguments: [],
    options: [],
    examples: ["wasm-engine doctor"],
    exitCodes: "0 worlds can run, 4 something needed is missing",
    load: async () => (await import("../commands/doctor.js")).doctor,
  },
  {
    name: "explain",
    summary: "Explain an error code",
    description: "Prints what an error code means, when it happens and what to do.",
    arguments: [{ name: "code", summary: "WE_…, with or without the prefix", optional: true }],
    options: [{ flags: "--list", summary: "every code of this release" }],
    examples: ["wasm-engine explain WE_LOG_DAMAGED", "wasm-engine explain --list"],
    exitCodes: "0 ok, 2 unknown code",
    load: async () => (await import("../commands/explain.js")).explain,
  },
];
