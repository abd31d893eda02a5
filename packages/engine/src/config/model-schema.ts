/** The part of the schema that is about one model. What its members exclude is checked by model-entries.ts. */

import { callsAtOnceMax, callTimeoutMsMax } from "../adapters/limits.js";
import { inferenceWorkersMax, latencyTicksMax, textPaceTokensMax } from "../inference/limits.js";
import { delivery, integer, map, plainPattern, providers, text } from "./schema-parts.js";
import type { Schema } from "./schema-parts.js";

/** Where a secret comes from; written as text it would be in the file, which the check refuses without showing it. */
export const secretSource: Schema = {
  ...map("Where the secret is read from when the world starts: {env: NAME} or {file: PATH}.", {
    env: text("Name of an environment variable.", 255),
    file: text("Path of a file that holds the secret and nothing else."),
  }),
  type: ["object", "string"],
};

/** Members of an entry that answers without a model or a tool, and how its answers enter. */
export const fakeSources: Readonly<Record<string, Schema>> = {
  scripted: text("File of rules that give the answers."),
  recorded: text("Run folder or bundle whose answers are given again, by content."),
  failing: {
    description: "Fails on purpose; hang: no answer until timeoutMs; flaky: about every second request.",
    enum: ["refuse", "hang", "garble", "flaky"],
  },
  code: text("Code of the error that a failing entry answers.", 63),
  message: text("Message of the error that a failing entry answers.", 255),
};

export const timeoutMs: Schema = integer(
  "Wall-clock limit of one call in milliseconds; then the answer is TIMEOUT, which may be retried.",
  1,
  callTimeoutMsMax,
);

/** A model: a folder, a server, or something that stands for either. */
export const model: Schema = {
  description:
    "A model: a folder with model.json and its .onnx file, or in Hugging Face layout; hf:ORG/NAME@REV as it was " +
    "added; the text openai:URL#NAME; or a map with one of path, openai, scripted, recorded, failing.",
  type: ["string", "object"],
  minLength: 1,
  maxLength: 1024,
  pattern: plainPattern,
  additionalProperties: false,
  properties: {
    path: text("Folder of the model, or the source that it was added from: hf:ORG/NAME@REV, https://…"),
    file: text(
      "Path of the .onnx file in the folder. Default: what models.lock, the manifest or the layout says.",
    ),
    version: text("Version that its manifest must name.", 255),
    sha256: {
      description: "Digest that the model must have, as reports print it.",
      type: "string",
      pattern: "^[0-9a-f]{64}$",
    },
    providers: providers("Tried in this order for this model. Default: those of `inference`."),
    latencyTicks: integer(
      "Ticks from request to answer. Default: what the manifest says, else 1.",
      1,
      latencyTicksMax,
    ),
    prefillTokensPerTick: integer(
      "Of a model that writes texts: tokens of a prompt per tick before the first part. Default: 512.",
      1,
      textPaceTokensMax,
    ),
    tokensPerTick: integer(
      "Of a model that writes texts: tokens of every part but the last, one part per tick. Default: 8.",
      1,
      textPaceTokensMax,
    ),
    delivery: delivery("How answers of this model enter. Default: that of `inference`, for openai recorded."),
    pinned: {
      description: "Its weights stay in memory, whatever other models need.",
      type: "boolean",
      default: false,
    },
    thread: {
      description: "own: a thread of its own, so that a slow model delays no other.",
      enum: ["shared", "own"],
      default: "shared",
    },
    workers: {
      ...integer(
        "Threads that answer for this model, each with its weights in memory; shows in no answer. More than one are " +
          "its own.",
        1,
        inferenceWorkersMax,
      ),
      default: 1,
    },
    openai: text("Address of a server with the interface of OpenAI, up to and including /v1."),
    model: text("Name of the model at the server.", 255),
    key: secretSource,
    parameters: {
      description:
        "Members of every request that the agent's own request does not have: temperature, maxTokens, …",
      type: "object",
    },
    concurrency: { ...integer("Requests under way at a time.", 1, callsAtOnceMax), default: 4 },
    reuse: {
      description: "Answers may be taken from an earlier run, by content. Default: true for openai.",
      type: "boolean",
    },
    remote: {
      description: "The server may be on another machine: what agents ask leaves this one.",
      type: "boolean",
      default: false,
    },
    timeoutMs,
    ...fakeSources,
  },
};
