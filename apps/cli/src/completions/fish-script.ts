/** Completion for fish: one `complete` line per verb, option and argument. */

import { unreachable } from "@wasm-engine/abi";
import { scriptHead } from "./completion-model.js";
import type { CompletedVerb, Completion } from "./completion-model.js";

export function fishScript(verbs: readonly CompletedVerb[]): string {
  return `${scriptHead("fish", "wasm-engine completions fish > ~/.config/fish/completions/wasm-engine.fish")}
function __wasm_engine_runs
    set -l folder $PWD
    while test -n "$folder"; and not test -d $folder/.wasm-engine/runs
        set folder (string replace -r '/[^/]*$' '' -- $folder)
    end
    echo @last
    for path in $folder/.wasm-engine/runs/*/
        path basename $path 2>/dev/null; or basename $path
    end
    __fish_complete_path (commandline -ct)
end

complete -c wasm-engine -f
complete -c wasm-engine -n __fish_use_subcommand -s h -l help -d 'Show help'
complete -c wasm-engine -n __fish_use_subcommand -s V -l version -d 'Show the version'
${verbs.flatMap(verbLines).join("\n")}
`;
}

function verbLines({ name, summary, options, values }: CompletedVerb): string[] {
  const inVerb = `complete -c wasm-engine -n '__fish_seen_subcommand_from ${name}'`;
  return [
    `complete -c wasm-engine -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...options.map(({ names, summary, value }) => {
      const flags = names.map((flag) =>
        flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      return `${inVerb} ${flags.join(" ")}${value === undefined ? "" : ` -r ${actionOf(value)}`} -d ${quoted(summary)}`;
    }),
    // fish does not count: what any argument of the verb may be.
    ...new Set(
      values.filter(({ kind }) => kind !== "unknown").map((value) => `${inVerb} ${actionOf(value)}`),
    ),
  ];
}

function actionOf(value: Completion): string {
  switch (value.kind) {
    case "run":
      return "-f -a '(__wasm_engine_runs)'";
    case "folder":
      return "-f -a '(__fish_complete_directories)'";
    case "file":
      return "-F";
    case "unknown":
      return "-f";
    case "words":
      return `-f -a ${quoted(value.words.join(" "))}`;
    default:
      return unreachable(value);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
