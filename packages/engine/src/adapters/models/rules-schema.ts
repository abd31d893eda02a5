/** JSON Schema of a file of rules. */

import { integer, list, map, text } from "../../config/schema-parts.js";
import type { Schema } from "../../config/schema-parts.js";
import { rulesMax } from "../limits.js";

/** Texts of rules may have lines. */
function words(description: string): Schema {
  return { description, type: "string", maxLength: 65_536 };
}

const when = map(
  "What a request must be like; every member that is there must hold. Absent: every request.",
  {
    last: words(
      "A part of the last message, or a pattern like /capital of (.+)/i; of a tool, its input as JSON.",
    ),
    contains: words("A part of any message, or a pattern."),
    system: words("A part of the system messages together, or a pattern."),
    agent: text("Id of the agent that asks; a trailing * matches a prefix.", 64),
    nth: integer("Position of the request in its conversation, from 1.", 1),
    input: { description: "Members that the request has; texts like /…/ are patterns.", type: "object" },
  },
);

const rule: Schema = map("A rule: what a request must be like, and one of answer, json, toolCalls, error.", {
  when,
  answer: words(
    "The text that is answered; {1} and {name} are groups of the patterns, {agent}, {nth}, {last} too.",
  ),
  json: { description: "A value that is answered: as text to a conversation, as it is to everything else." },
  toolCalls: list(
    "Tools that the model wants called.",
    map(
      "One call.",
      { name: text("Name of the tool.", 255), arguments: { description: "Its input. Default: {}." } },
      ["name"],
    ),
    64,
  ),
  error: map("An error that is answered.", {
    code: { ...text("Its code.", 63), default: "FAILED" },
    message: words("Its text."),
    retryable: { description: "Asking again may help.", type: "boolean", default: false },
  }),
});

export const RULES_SCHEMA: Schema = list(
  "Rules, tried in order; the first that fits answers.",
  rule,
  rulesMax,
);
