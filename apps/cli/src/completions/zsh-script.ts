/** Completion for zsh: one `_arguments` call per verb. */

import { unreachable } from "@wasm-engine/abi";
import { scriptHead } from "./completion-model.js";
import type { CompletedOption, CompletedVerb, Completion } from "./completion-model.js";

export function zshScript(verbs: readonly CompletedVerb[]): string {
  const names = verbs.map(({ name, summary }) => `    ${quoted(`${name}:${escaped(summary)}`)}`);
  return `#compdef wasm-engine
${scriptHead("zsh", "save it as _wasm-engine in a folder of $fpath, or: source <(wasm-engine completions zsh)")}
_wasm_engine_runs() {
  local folder="$PWD"
  local -a runs
  while [[ -n $folder && ! -d $folder/.wasm-engine/runs ]]; do folder="\${folder%/*}"; done
  runs=(@last $folder/.wasm-engine/runs/*(/N:t))
  compadd -a runs
  _files
}

_wasm_engine() {
  local -a verbs
  verbs=(
${names.join("\n")}
  )
  local context state state_descr line
  typeset -A opt_args
  _arguments -C '(-h --help)'{-h,--help}'[show help]' '(-V --version)'{-V,--version}'[show the version]' \\
    '1:verb:->verb' '*::value:->value'
  case $state in
  verb) _describe -t verbs verb verbs ;;
  value)
    case $line[1] in
${verbs.map(verbBranch).join("\n")}
    esac
    ;;
  esac
}

if [[ $funcstack[1] == _wasm_engine ]]; then
  _wasm_engine "$@"
else
  compdef _wasm_engine wasm-engine
fi
`;
}

function verbBranch({ name, options, values }: CompletedVerb): string {
  const specs = [
    ...options.flatMap(optionSpecs),
    ...values.map((value, position) => quoted(`${position + 1}:value:${actionOf(value)}`)),
  ];
  return `    ${name}) _arguments ${specs.join(" ")} ;;`;
}

function optionSpecs({ names, summary, value }: CompletedOption): string[] {
  const taken = value === undefined ? "" : `:value:${actionOf(value)}`;
  return names.map((name) => quoted(`*${name}[${escaped(summary)}]${taken}`));
}

function actionOf(value: Completion): string {
  switch (value.kind) {
    case "run":
      return "_wasm_engine_runs";
    case "folder":
      return "_files -/";
    case "file":
      return "_files";
    case "unknown":
      return " ";
    case "words":
      return `(${value.words.join(" ")})`;
    default:
      return unreachable(value);
  }
}

/** Brackets and colons mean something in specifications. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
