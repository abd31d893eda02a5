/** `rm RUN…`: whole runs are removed. */

import { removeRuns } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption } from "../command.js";
import { usageError } from "../errors.js";

export const rm: CommandFunction = async ({ parsed }) => {
  const runs = parsed.arguments.filter((run) => run !== undefined);
  const recursive = flagOption(parsed, "recursive");
  const orphan = flagOption(parsed, "orphan");
  if (runs.length === 0) throw usageError("rm", "rm needs the runs to remove");
  if (recursive && orphan)
    throw usageError("rm", "--recursive removes forks and --orphan keeps them: give one of them");
  const report = await removeRuns(runs, { forks: recursive ? "remove" : orphan ? "orphan" : "refuse" });
  return {
    document: report,
    text: report.removed.map(({ dir, bytes }) => `removed ${dir} (${bytes} bytes)`).join("\n"),
  };
};
