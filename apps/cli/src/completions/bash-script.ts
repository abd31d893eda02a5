/** Completion for bash 3.2 and later: one function, and tables as `case` branches. */

import { unreachable } from "@wasm-engine/abi";
import { scriptHead } from "./completion-model.js";
import type { CompletedVerb, Completion } from "./completion-model.js";

/** What does not depend on the table. */
const machinery = `# Ids of the runs in the nearest project, newest last.
_wasm_engine_runs() {
  local folder="$PWD" path
  while [[ -n $folder && ! -d $folder/.wasm-engine/runs ]]; do folder="\${folder%/*}"; done
  for path in "$folder"/.wasm-engine/runs/*/; do
    path="\${path%/}"
    [[ -d $path ]] && printf '%s\\n' "\${path##*/}"
  done
}

_wasm_engine() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb="" option="" word REPLY line
  local -i index=1 position=0
  while ((index < COMP_CWORD)); do
    word="\${COMP_WORDS[index]}"
    index+=1
    option=""
    # bash takes "@last" for two words.
    if [[ $word == "@" ]]; then continue; fi
    if [[ -z $verb ]]; then
      [[ $word == -* ]] || verb="$word"
    elif [[ $word == -* ]]; then
      _wasm_engine_value "$verb $word"
      if [[ -n $REPLY ]]; then
        ((index == COMP_CWORD)) && option="$word"
        index+=1
      fi
    else
      position+=1
    fi
  done
  COMPREPLY=()
  if [[ -n $option ]]; then
    _wasm_engine_value "$verb $option"
  elif [[ $current == -* || -z $verb ]]; then
    _wasm_engine_options "$verb"
    REPLY="words $REPLY"
  else
    _wasm_engine_value "$verb $position"
  fi
  line="\${COMP_LINE:0:COMP_POINT}"
  case "$REPLY" in
  "words "*) COMPREPLY=($(compgen -W "\${REPLY#words }" -- "$current")) ;;
  run)
    if [[ \${line##* } == @* ]]; then
      [[ @last == "\${line##* }"* ]] && COMPREPLY=("last")
    else
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -W "@last $(_wasm_engine_runs)" -- "$current") $(compgen -f -- "$current"))
    fi
    ;;
  folder)
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -d -- "$current"))
    ;;
  file)
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
    ;;
  esac
  return 0
}

complete -F _wasm_engine wasm-engine
`;

export function bashScript(verbs: readonly CompletedVerb[]): string {
  const options = verbs.map(({ name, options }) =>
    branch(name, options.flatMap(({ names }) => names).join(" ")),
  );
  const values = verbs.flatMap((verb) => [
    ...verb.options.flatMap(({ names, value }) =>
      value === undefined ? [] : names.map((name) => branch(`${verb.name} ${name}`, kindOf(value))),
    ),
    ...verb.values.map((value, position) => branch(`${verb.name} ${position}`, kindOf(value))),
  ]);
  const names = verbs.map(({ name }) => name).join(" ");
  return `${scriptHead("bash", 'eval "$(wasm-engine completions bash)" in ~/.bashrc, where wasm-engine is on the path')}
_wasm_engine_options() {
  case "$1" in
${options.join("\n")}
  *) REPLY="${names} --help --version" ;;
  esac
}

# What "VERB OPTION" or "VERB POSITION" takes; empty where that is nothing.
_wasm_engine_value() {
  case "$1" in
${values.join("\n")}
  *) REPLY="" ;;
  esac
}

${machinery}`;
}

function branch(pattern: string, reply: string): string {
  return `  "${pattern}") REPLY="${reply}" ;;`;
}

function kindOf(value: Completion): string {
  switch (value.kind) {
    case "run":
    case "folder":
    case "file":
    case "unknown":
      return value.kind;
    case "words":
      return `words ${value.words.join(" ")}`;
    default:
      return unreachable(value);
  }
}
