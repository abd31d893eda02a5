/** The part of the schema that is about one tool. What its members exclude is checked by tool-entries.ts. */

import { toolTimeoutMsDefault } from "../adapters/limits.js";
import { latencyTicksMax } from "../inference/limits.js";
import { fakeSources, secretSource, timeoutMs } from "./model-schema.js";
import { delivery, integer, named, plainPattern, text } from "./schema-parts.js";
import type { Schema } from "./schema-parts.js";

/** A tool: a module that runs beside the world, or something that stands for one. */
export const tool: Schema = {
  description:
    "A tool: a .ts, .js or .mjs file that exports one; or a map with one of path, program, scripted, recorded, failing.",
  type: ["string", "object"],
  minLength: 1,
  maxLength: 1024,
  pattern: plainPattern,
  additionalProperties: false,
  properties: {
    path: text("Path of the module."),
    program: {
      description:
        "The program that opens the world gives a function for it: Engine.open(config, { tools }).",
      type: "boolean",
      enum: [true],
    },
    export: text("Name of the export. Default: default, else the only tool of the module.", 255),
    secrets: named(
      "Secrets by the name that the tool asks for. No agent, log or bundle ever holds a value.",
      secretSource,
    ),
    latencyTicks: { ...integer("Ticks from call to result under lockstep.", 1, latencyTicksMax), default: 1 },
    delivery: delivery("How results enter. Default: lockstep, with --realtime recorded."),
    idempotent: {
      description:
        "A call may be repeated after a crash. Otherwise one whose result is not known is answered OUTCOME_UNKNOWN. " +
        "Default: what the tool says, else false.",
      type: "boolean",
    },
    reuse: {
      description: "Results may be taken from an earlier run, by content.",
      type: "boolean",
      default: false,
    },
    timeoutMs: { ...timeoutMs, default: toolTimeoutMsDefault },
    ...fakeSources,
  },
};
