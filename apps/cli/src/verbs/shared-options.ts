/** What several verbs take. */

import type { ArgumentDefinition, OptionDefinition } from "../command.js";

export const workersOption: OptionDefinition = {
  flags: "--workers <n>",
  summary: "threads that execute agents: a number, or auto (default); shows in no result",
};
export const runArgument: ArgumentDefinition = {
  name: "run",
  summary: "path, unique prefix of a run id, @last, or a bundle",
};
