/** Error codes of the server with the interface of OpenAI, and the HTTP status of each code there. */

import { EngineError, errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const SERVING_ERRORS = {
  WE_SERVE_LISTEN: {
    message: "Port {port} of this machine cannot be listened on: {cause}",
    hint: "choose another with --port; 0 takes any that is free",
    exitCode: 4,
    explanation: "The system refused the address of the server, mostly because another program has it.",
  },
  WE_SERVE_TOKEN_FILE: {
    message: 'The token file "{path}" cannot be used: {reason}',
    hint: "write at least 16 characters without spaces into it, for example: openssl rand -hex 32 > token; chmod 600 token",
    exitCode: 2,
    explanation:
      "With --token-file clients must send what the file holds as a bearer token. A file that is empty, short or readable for other users protects nothing.",
  },
  WE_SERVE_MODEL_FOLDER: {
    message: 'The model "{came}" cannot be served: {reason}',
    hint: "name a folder, NAME=FOLDER, or an added model; or all models of a configuration with --models-of",
    exitCode: 2,
    explanation:
      "Models are named to the server one by one or by their configuration, and each has one name in requests.",
  },
  WE_SERVE_HOST: {
    message: 'The request is for the host "{host}", which this server is not',
    hint: "ask 127.0.0.1 or localhost; a page of another site cannot use this server",
    exitCode: 2,
    explanation:
      "The server answers only to names of this machine. A request with another name comes from a browser that was led here by a foreign domain (DNS rebinding).",
  },
  WE_SERVE_ORIGIN: {
    message: 'Pages of "{origin}" may not use this server',
    hint: "start it with --cors {origin} if they may",
    exitCode: 2,
    explanation:
      "Browsers name the site whose page sends a request. No site is let in unless it was named with --cors.",
  },
  WE_SERVE_UNAUTHORIZED: {
    message: "The request has no valid bearer token",
    hint: "send what the token file of the server holds: Authorization: Bearer TOKEN (apiKey of the client)",
    exitCode: 2,
    explanation: "The server was started with --token-file and answers nobody without that token.",
  },
  WE_SERVE_ROUTE: {
    message: "There is nothing at {method} {path}",
    hint: "the paths are GET /v1/models and POST /v1/chat/completions, /v1/completions, /v1/embeddings",
    exitCode: 2,
    explanation: "Of the interface of OpenAI the server has models, chats, completions and embeddings.",
  },
  WE_SERVE_METHOD: {
    message: "{path} is asked with {allowed}, not with {method}",
    hint: "see docs/serving.md",
    exitCode: 2,
    explanation: "The path exists, and another method of HTTP is meant.",
  },
  WE_SERVE_CONTENT_TYPE: {
    message: "The body of a request is JSON without compression, this one is {came}",
    hint: "send Content-Type: application/json and no Content-Encoding",
    exitCode: 2,
    explanation:
      "Bodies with other types are refused: what pages of foreign sites can send without asking is among them.",
  },
  WE_SERVE_BODY_SIZE: {
    message: "The body has more than {max} bytes",
    hint: "send less; a message of a world holds 1 MiB",
    exitCode: 5,
    explanation: "Bodies are limited, so that a client cannot take the memory of the server.",
  },
  WE_SERVE_NOT_JSON: {
    message: "The body is not a JSON object: {problem}",
    hint: "send the JSON that clients of OpenAI send",
    exitCode: 2,
    explanation: "The body could not be read. Nothing was done.",
  },
  WE_SERVE_FIELD: {
    message: "{field} is {came}, expected {expected}",
    hint: "correct the member; docs/serving.md lists what is understood",
    exitCode: 2,
    explanation:
      "A member of the request is unknown, has another type, lies outside of its limits, or asks for something that is not there. Nothing is left out silently.",
  },
  WE_SERVE_MODEL: {
    message: 'There is no model "{model}"; {advice}',
    hint: "see GET /v1/models",
    exitCode: 2,
    explanation:
      "The server knows the models that it was started with, and with --run agents of the world as agent/NAME.",
  },
  WE_SERVE_REFUSED: {
    message: '"{model}" does not take the request: {reason}',
    hint: "correct the request, or shorten prompt and max_tokens where they do not fit into the context",
    exitCode: 2,
    explanation:
      "The model or the agent has looked at the request and refused it. The reason is in its own words.",
  },
  WE_SERVE_FAILED: {
    message: '"{model}" failed: {reason}',
    hint: "ask again; where it goes on failing, look at the log of the server or of the world",
    exitCode: 1,
    explanation:
      "The request was in order, and the model, or the agent by its own word, could not answer it.",
  },
  WE_SERVE_TOO_MANY: {
    message: "{count} texts are under way, at most {max} are",
    hint: "wait and ask again",
    exitCode: 5,
    retryable: true,
    explanation:
      "The number of texts that are written at a time is limited; those beyond it are refused at once instead of waiting without an end.",
  },
  WE_SERVE_KEY: {
    message: "Another request had this Idempotency-Key",
    hint: "repeat a request with exactly its body, or choose another key",
    exitCode: 2,
    explanation:
      "An idempotency key stands for one request. Sent again with the same body it gets the same answer, with another one it is refused.",
  },
  WE_SERVE_NO_ANSWER: {
    message: 'Agent "{agent}" has not answered within {seconds} seconds',
    hint: "the question is in the log and may still be answered; look with: wasm-engine ps, and wait longer with --timeout",
    exitCode: 1,
    explanation:
      "A request to an agent is a logged input. The server stopped waiting for its answer: an agent may be paused, busy, or never answer messages of this topic.",
  },
  WE_SERVE_MODELS_LOST: {
    message: "The thread of the models ended while it worked on this request: {cause}",
    hint: "ask again; where it ends again, start the server anew and look at the memory that the models need",
    exitCode: 1,
    retryable: true,
    explanation:
      "Models run in a thread of their own. It is started again once; requests that it had are not repeated by themselves.",
  },
  WE_SERVE_CLOSING: {
    message: "The server is closing",
    hint: "start it again",
    exitCode: 1,
    explanation: "The server was told to end. Requests that were under way are given up.",
  },
} as const satisfies ErrorTable;

/** Makes an error of this table. */
export const fail = errorFactory(SERVING_ERRORS);

/** Status of an error; what is not listed is the server's own failure. */
const statuses: Readonly<Record<string, number>> = {
  WE_SERVE_HOST: 403,
  WE_SERVE_ORIGIN: 403,
  WE_SERVE_UNAUTHORIZED: 401,
  WE_SERVE_ROUTE: 404,
  WE_SERVE_METHOD: 405,
  WE_SERVE_CONTENT_TYPE: 415,
  WE_SERVE_BODY_SIZE: 413,
  WE_SERVE_NOT_JSON: 400,
  WE_SERVE_FIELD: 400,
  WE_SERVE_MODEL: 404,
  WE_SERVE_REFUSED: 400,
  WE_SERVE_TOO_MANY: 429,
  WE_SERVE_KEY: 409,
  WE_SERVE_NO_ANSWER: 504,
  WE_SERVE_MODELS_LOST: 503,
  WE_SERVE_CLOSING: 503,
  WE_AGENT_UNKNOWN: 404,
  WE_AGENT_SPEC: 404,
  WE_ASK_FAILED: 502,
  WE_CONTROL_BUSY: 429,
  WE_CONTROL_CONNECTIONS: 503,
  WE_CONTROL_LOST: 503,
  WE_CONTROL_NOT_RUNNING: 503,
  WE_INPUT_DUPLICATE: 409,
  WE_MESSAGE_SCHEMA: 400,
  WE_WORLD_ENDED: 503,
  WE_WORLD_INPUT_DEPTH: 400,
  WE_WORLD_INPUT_SIZE: 413,
  WE_WORLD_INPUTS_FULL: 429,
};

export function statusOf(error: unknown): number {
  return EngineError.is(error) ? (statuses[error.code] ?? 500) : 500;
}
