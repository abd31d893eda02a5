/** `completions bash|zsh|fish`: a script for the shell, from the command table. */

import type { CommandFunction } from "../command.js";
import { bashScript } from "../completions/bash-script.js";
import { completionModel } from "../completions/completion-model.js";
import type { CompletedVerb } from "../completions/completion-model.js";
import { fishScript } from "../completions/fish-script.js";
import { zshScript } from "../completions/zsh-script.js";
import { usageError } from "../errors.js";
import { commonOptions } from "../parse.js";

const scripts: Readonly<Record<string, (verbs: readonly CompletedVerb[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completions: CommandFunction = async ({ parsed }) => {
  const shell = parsed.arguments[0] ?? "";
  const write = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (write === undefined)
    throw usageError(
      "completions",
      `there are completions for bash, zsh and fish, not ${JSON.stringify(shell)}`,
    );
  // Loaded late: the table names this verb.
  const { commands } = await import("../command-table.js");
  const script = write(completionModel(commands, commonOptions));
  return { document: { shell, script }, text: script };
};
