/** Codes of configuration. Every row names the place first: file, line and column. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const CONFIG_ERRORS = {
  WE_CONFIG_MISSING: {
    message: "Configuration {file} does not exist",
    hint: "give the path of an engine.yaml, or of the folder that holds one",
    exitCode: 2,
    explanation:
      "The path on the command line or in Engine.open names no file, and no folder with an engine.yaml.",
  },
  WE_CONFIG_READ: {
    message: "Configuration {file} cannot be read: {cause}",
    hint: "check that it is a file and that its permissions allow reading",
    exitCode: 4,
    explanation: "The file exists but the operating system refused to read it.",
  },
  WE_CONFIG_SIZE: {
    message: "{file} has {bytes} bytes; a configuration has at most {bytesMax}",
    hint: "move tables into a CSV file and use `each`, move data into `inputs`",
    exitCode: 5,
    explanation:
      "A configuration is read whole and checked whole; the limit keeps a wrong path from eating memory.",
  },
  WE_CONFIG_SYNTAX: {
    message: "{at}: {cause}",
    hint: "correct the YAML at this place; editors underline it when the schema line is at the top of the file",
    exitCode: 2,
    explanation:
      "The file is not well-formed YAML 1.2, is not UTF-8, is nested too deeply or holds more than one document.",
  },
  WE_CONFIG_KEY_DUPLICATE: {
    message: "{at}: key {key} occurs twice in the same map",
    hint: "keep one of them; YAML would silently drop the other",
    exitCode: 2,
    explanation: "A repeated key nearly always means that one of two values was meant to be gone.",
  },
  WE_CONFIG_ALIAS: {
    message: "{at}: the aliases of this file expand to more than {aliasesMax} nodes",
    hint: "write the repeated part out, or move it into a CSV file and use `each`",
    exitCode: 2,
    explanation:
      "Anchors and aliases can make a small file expand without bound, so their expansion is limited.",
  },
  WE_CONFIG_TYPE: {
    message: "{at}: {path} must be {expected}, got {came}",
    hint: "{advice}",
    exitCode: 2,
    explanation: "A value has another type than the schema of engine.yaml says.",
  },
  WE_CONFIG_VALUE: {
    message: "{at}: {path} must be {expected}, got {came}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "A value has the right type but is out of range, is not one of the choices or does not have the required form.",
  },
  WE_CONFIG_MODEL_UNKNOWN: {
    message: "The configuration has no model {name} that another source could stand for",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "`run --model NAME=SOURCE` exchanges the source of a model that engine.yaml declares; agents ask by that name.",
  },
  WE_CONFIG_SETTING: {
    message: 'The setting "{path}" leads nowhere in the configuration: {reason}',
    hint: "write the names of its parts with points: stop.tick, agents.ID.args.NAME, models.NAME.latencyTicks",
    exitCode: 2,
    explanation:
      "`sweep --set PATH=VALUES` exchanges parts of engine.yaml before it is checked. Entries of lists are named by their id or name, or by their place from 0.",
  },
  WE_CONFIG_KEY_UNKNOWN: {
    message: "{at}: {path} has no key {came}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "Unknown keys are refused because a misspelt option would otherwise be silently without effect.",
  },
  WE_CONFIG_KEY_MISSING: {
    message: "{at}: {path} lacks the key {expected}",
    hint: "{advice}",
    exitCode: 2,
    explanation: "The schema of engine.yaml requires the key.",
  },
  WE_CONFIG_VERSION: {
    message: "{at}: version must be 1, got {came}",
    hint: "write `version: 1`; a higher number belongs to a later wasm-engine",
    exitCode: 2,
    explanation: "The number says which schema the file follows; this release knows one.",
  },
  WE_CONFIG_REFERENCE: {
    message: "{at}: {path} names {what} {came}, which is not declared",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "Modules, tenants, models, tools and agents are declared in the same file before anything may name them.",
  },
  WE_CONFIG_AGENT_DUPLICATE: {
    message: "{at}: agent id {came} is taken by {other}",
    hint: "ids are unique in a world; with `each`, use a column whose values are unique",
    exitCode: 2,
    explanation:
      "An id is the identity of an agent: its mailbox, random streams and place in the state hash derive from it.",
  },
  WE_CONFIG_AGENT_ID: {
    message: "{at}: {path} must be an agent id, got {came}",
    hint: "an id has 1 to 63 characters: letters, digits, dot, underscore, hyphen; the first is a letter or digit",
    exitCode: 2,
    explanation: "Ids travel through the ABI, file names and command lines, so their alphabet is small.",
  },
  WE_CONFIG_AGENTS_TOO_MANY: {
    message: "{at}: the world has {count} agents; agentsMax allows {agentsMax}",
    hint: "raise agentsMax (at most {ceiling}) or use fewer rows in the file of `each`",
    exitCode: 5,
    explanation:
      "The number of live agents of a world is a genesis constant, checked before anything starts.",
  },
  WE_CONFIG_FILE_MISSING: {
    message: "{at}: {path} names the file {came}, which does not exist",
    hint: "paths are relative to the folder of the configuration, here {directory}",
    exitCode: 2,
    explanation: "A module, key, table or input file that the configuration names is not there.",
  },
  WE_CONFIG_MODEL_MISSING: {
    message: "{at}: {path} names the model folder {came}, which does not exist",
    hint: "paths are relative to the folder of the configuration, here {directory}",
    exitCode: 2,
    explanation: "A model is a folder with model.json and its .onnx file, or one in Hugging Face layout.",
  },
  WE_CONFIG_MODEL_SOURCE: {
    message: "{at}: {path} names {came}, which is not a folder",
    hint: "name a folder, or a source that was added; a server is written openai:URL#NAME, without `path`",
    exitCode: 2,
    explanation:
      "Models are read from folders, or asked from a server with the interface of OpenAI (`openai:`). Of addresses, " +
      "those that `wasm-engine model add` has fetched (hf:, https:) stand for the folder that they were fetched into.",
  },
  WE_CONFIG_MODEL_NOT_ADDED: {
    message: "{at}: {path} names {came}, which was not added to this project",
    hint: "fetch it once: wasm-engine model add {source}",
    exitCode: 2,
    explanation:
      "A world fetches nothing by itself. `wasm-engine model add` fetches a model into the project and pins it in " +
      "models.lock; an entry of engine.yaml names it by exactly the same source, or by its folder.",
  },
  WE_CONFIG_MODEL_LOCK: {
    message: "{at}: {path} cannot be resolved, because models.lock cannot be used: {problem}",
    hint: "restore models.lock; it is written by `wasm-engine model add` and belongs under version control",
    exitCode: 2,
    explanation:
      "The file models.lock, beside the configuration, says which files the models of a project are.",
  },
  WE_CONFIG_MODEL_REMOTE: {
    message: "{at}: {path} asks the machine {host}; without a grant only servers on this machine are asked",
    hint: "write `{name}: { openai: URL, model: NAME, remote: true }` if what agents ask may leave this machine",
    exitCode: 2,
    explanation:
      "Everything that agents put into a request is sent to the server. A server on another machine, or one named by " +
      "anything but localhost, 127.0.0.0/8 or [::1], needs `remote: true` beside its address.",
  },
  WE_CONFIG_TEMPLATE: {
    message: "{at}: {path} uses {came}, which is not a column of {table}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "Placeholders in braces are filled from the row of the `each` file; write {{ for a literal brace.",
  },
  WE_CONFIG_OUTPUT_SHARED: {
    message: "{at}: {path} writes to {came}, which {other} uses as well",
    hint: "give every output a file of its own; one topic pattern may end in * to collect several topics",
    exitCode: 2,
    explanation:
      "An output file is a function of the run, written exactly once over crashes; two writers would break that.",
  },
  WE_CONFIG_TABLE: {
    message: "{at}: {path} cannot be read: {cause}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "The CSV or JSON Lines file of an `each` entry has an error of its own; the cause names its line.",
  },
} as const satisfies ErrorTable;

export const configError: ReturnType<typeof errorFactory<typeof CONFIG_ERRORS>> = errorFactory(CONFIG_ERRORS);
