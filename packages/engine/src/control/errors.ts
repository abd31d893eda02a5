/** Error codes of the control socket, on both sides. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const CONTROL_ERRORS = {
  WE_CONTROL_NOT_RUNNING: {
    message: 'The run "{dir}" is not running, so there is nobody to answer "{method}"',
    hint: "start it again with: wasm-engine run --resume {dir} --detach",
    exitCode: 2,
    explanation:
      "Operating verbs talk to the process that has the run open, over the socket in its folder. A run that has ended, or whose process died, has none; its log can be read with inspect, log, logs and deadletters.",
  },
  WE_CONTROL_LOST: {
    message: 'The connection to the run "{dir}" ended before "{method}" was answered',
    hint: "look with: wasm-engine runs; an input that was sent may be in the log, so send it again with the same --id",
    exitCode: 1,
    retryable: true,
    explanation:
      "The world process ended or cut the connection off. Whatever was acknowledged is in the log; a call without answer may or may not be. With an idempotency key it can be repeated without harm.",
  },
  WE_CONTROL_REQUEST: {
    message: "The line is not a request: {reason}",
    hint: 'send one JSON object per line: {"jsonrpc":"2.0","id":1,"method":"status"}',
    exitCode: 2,
    explanation:
      "The control socket takes JSON-RPC 2.0, one object per line, each with an id that no other call of the connection under way has. Batches and requests without id are not taken: an input that nobody acknowledges could not be told from one that was lost.",
  },
  WE_CONTROL_METHOD: {
    message: 'There is no method "{method}"',
    hint: "the methods are {known}; see spec/control.md",
    exitCode: 2,
    explanation: "The control socket has a fixed list of methods, described in spec/control.md.",
  },
  WE_CONTROL_PARAMS: {
    message: 'The params of "{method}" cannot be used: {problems}',
    hint: "see spec/control.md for the schema of each method",
    exitCode: 2,
    explanation: "Params are checked before anything is logged: nothing was done.",
  },
  WE_CONTROL_LINE_SIZE: {
    message: "A request holds more than {max} bytes",
    hint: "a message holds at most 1 MiB; send large content in parts, or as an input file",
    exitCode: 5,
    explanation:
      "The connection is closed, because the rest of the line cannot be told from the next request.",
  },
  WE_CONTROL_BUSY: {
    message: "The connection already has {max} {what}",
    hint: "await answers before sending more",
    exitCode: 5,
    retryable: true,
    explanation:
      "Calls under way and subscriptions of one connection are limited, so that one client cannot take the memory of the world process. Nothing was logged.",
  },
  WE_CONTROL_CONNECTIONS: {
    message: "The world has {max} connections",
    hint: "close connections that are not used; a further one takes the place of the one that rests longest",
    exitCode: 5,
    retryable: true,
    explanation:
      "Connections to one world are limited. A further one closes the one that has had nothing under way for longest; where every one waits for an answer or has a subscription, the new one is refused.",
  },
  WE_CONTROL_ANSWER_SIZE: {
    message: 'The answer to "{method}" would have {bytes} bytes, at most {max} are sent',
    hint: "ask for one agent, or for a later tick; or read the run folder with: wasm-engine inspect",
    exitCode: 5,
    explanation: "Answers over the control socket are limited. The call itself was carried out.",
  },
  WE_MESSAGE_SCHEMA: {
    message: 'The message "{topic}" does not fit what agent "{agent}" takes: {problems}',
    hint: "correct the named places; --no-check sends it nevertheless, and the agent answers for itself",
    exitCode: 2,
    explanation:
      "The manifest of the agent's module declares the bodies of its messages as JSON Schema. What people send by hand is checked before it is logged. Inputs from files are not: they are part of a configuration and reach the agent as they are.",
  },
  WE_RUN_NOT_LIVE: {
    message: "No world of this project is running; searched {searched}",
    hint: "start one with: wasm-engine run engine.yaml --detach, or name the run with --run",
    exitCode: 2,
    explanation:
      "Without --run an operating verb takes the only running world among the runs of the working directory and of the projects below it.",
  },
  WE_RUN_SEVERAL_LIVE: {
    message: "{count} worlds of this project are running: {runs}",
    hint: "name one with --run: a path, a unique prefix of a run id, or @last",
    exitCode: 2,
    explanation: "An operating verb never guesses which of several running worlds is meant.",
  },
} as const satisfies ErrorTable;

export const fail = errorFactory(CONTROL_ERRORS);
