/** What several verbs take. */

import type { ArgumentDefinition, OptionDefinition } from "../command.js";

export const workersOption: OptionDefinition = {
  flags: "--workers <n>",
  summary: "threads that execute agents: a number, or auto (default); shows in no result",
};
/** Which ticks a verb looks at, both ends included. */
export const fromOption: OptionDefinition = {
  flags: "--from <tick>",
  summary: "first tick",
  type: "integer",
};
export const toOption: OptionDefinition = { flags: "--to <tick>", summary: "last tick", type: "integer" };
export const runArgument: ArgumentDefinition = {
  name: "run",
  summary: "path, unique prefix of a run id, @last, or a bundle",
};
