/** Error codes of the world host, its client and replay. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const WORLD_ERRORS = {
  WE_WORLD_DIED: {
    message: 'The world process ended without a farewell: {cause} (run "{dir}")',
    hint: "the run is intact up to its last durable input; go on with: wasm-engine run --resume {dir}",
    exitCode: 70,
    retryable: true,
    explanation:
      "The process that executes the agents was killed, ran out of memory or aborted. Nothing that was acknowledged is lost: the event log continues from the last durable record when the run is resumed.",
  },
  WE_WORLD_ENDED: {
    message: 'The world has ended, so "{method}" cannot be answered',
    hint: "open the run again to go on with it",
    exitCode: 1,
    explanation:
      "The call reached a world that has stopped, either because its stop rule was met, because it was stopped or because it failed. Inputs that were acknowledged before are in the log.",
  },
  WE_WORLD_ABORTED: {
    message: 'The call "{method}" was given up by its caller',
    hint: "an input that was already sent may still be in the log; look for its idempotency key",
    exitCode: 130,
    explanation:
      "The AbortSignal that was handed to the call fired. The call stops waiting; work that it had started in the world is not undone.",
  },
  WE_WORLD_INPUTS_FULL: {
    message: 'The world already holds "{count}" inputs that wait for their tick',
    hint: "let the world tick (resume it, or await the acknowledgements) before sending more",
    exitCode: 5,
    retryable: true,
    explanation:
      "Inputs that reach a world which does not tick wait in memory. Their number is limited; a refused input is not in the log.",
  },
  WE_WORLD_INPUT_SIZE: {
    message: "The {what} has {bytes} {unit}, from {least} to {most} are taken",
    hint: "send less, or in parts; nothing was logged",
    exitCode: 5,
    explanation:
      "Messages, topics, keys, task ids and specifications that come from outside have the limits of those that agents make. They are checked before they are logged.",
  },
  WE_WORLD_INPUT_DEPTH: {
    message: "The arguments of the agent are nested deeper than {most} levels",
    hint: "use flatter arguments; nothing was logged",
    exitCode: 2,
    explanation:
      "Arguments of an agent are part of the event log and of snapshots, whose encoding has a limit of depth.",
  },
  WE_INPUT_DUPLICATE: {
    message: "The world ignores this message: an earlier input has its idempotency key (input {seq})",
    hint: "nothing was lost: the answer belongs to the first one; ask again with another key",
    exitCode: 1,
    explanation:
      "A question that repeats an idempotency key within retainTicks is not delivered, so no answer will come. The first question with that key was.",
  },
  WE_RUN_DETACHED_INPUT: {
    message: 'A detached world has no standard input, but an input of it is "-"',
    hint: "run it without --detach, or send its inputs with: wasm-engine send",
    exitCode: 2,
    explanation:
      "A detached world outlives the terminal that started it. Its inputs are files, and what is sent over its control socket.",
  },
  WE_RUN_DIVERGED: {
    message:
      'Executing tick {tick} again gave another {what} than the log holds ("{expected}", now "{actual}")',
    hint: "run: wasm-engine replay {dir} to locate the first agent that differs",
    exitCode: 3,
    explanation:
      "A run is resumed by executing the committed ticks after its snapshot again and comparing each commit. A difference means that the machine, the engine or the folder changed what the agents compute; going on would continue another world.",
  },
  WE_RUN_SEMANTICS: {
    message: 'Run "{dir}" was recorded with semantics {found}, this release executes {executable}',
    hint: "use the release that recorded it ({release}); verify-log works with every release",
    exitCode: 4,
    explanation:
      "Executing a run again gives the same chain only under the rules it was recorded with. Their number is part of the genesis; a release lists those it executes. run.json names the release that made the run.",
  },
  WE_RUN_UNKNOWN: {
    message: 'No run "{run}" was found; no such folder, and no such id in {searched}',
    hint: "give the path of a run folder, a unique prefix of a run id, or @last for the newest",
    exitCode: 2,
    explanation:
      "A run is named by the path of its folder, by a prefix of its id or by @last for the newest. Ids are looked up below the working directory and below folders with an engine.yaml one or two levels down.",
  },
  WE_RUN_AMBIGUOUS: {
    message: 'The prefix "{run}" fits {count} runs: {runs}',
    hint: "give more letters of the id",
    exitCode: 2,
    explanation: "A prefix of a run id must fit exactly one run of the projects that were searched.",
  },
  WE_RUN_INFO: {
    message: 'The file "{path}" does not describe a run of this version: {reason}',
    hint: "open the run with the version of wasm-engine that made it, or restore the file",
    exitCode: 4,
    explanation:
      "Every run folder names its format in run.json. This version reads format 1, and looks at every member that it knows.",
  },
  WE_RUN_RANGE: {
    message: "There is no tick from {from} to {to}",
    hint: "give a first tick that is not after the last one",
    exitCode: 2,
    explanation: "A range of ticks has both of its ends in it, the earlier one first.",
  },
  WE_RUN_TICK: {
    message: 'Tick "{tick}" is not in the run, which holds {held}',
    hint: "choose a tick that the run has executed",
    exitCode: 2,
    explanation: "Views of the past are computed by replay, which can only reach ticks that the log holds.",
  },
  WE_MODULE_DIGEST_MISMATCH: {
    message:
      'Module "{name}" of the run is not the one it started with: expected digest {expected}, found {actual}',
    hint: "restore the module file of the run folder, or start a new run with the changed module",
    exitCode: 3,
    explanation:
      "The genesis of a run names the digest of every module. A run folder whose module bytes have another digest would execute other code than the chain covers, so it is refused.",
  },
  WE_HISTORY_TOO_MANY: {
    message: 'Agent "{agent}" has received more than {messagesMax} messages, too many for a test',
    hint: "choose an earlier tick, or make a shorter run that fails alike",
    exitCode: 5,
    explanation:
      "A test that is made from a run holds every message that its agent has received since it started, for people to read.",
  },
  WE_PROFILE_MODULE: {
    message: 'The run has no module "{module}", it has: {known}',
    hint: "give --module, or the left side of --names, one of these names",
    exitCode: 2,
    explanation:
      "A profile can be limited to one module, by the name that it has in the configuration that the run was made from.",
  },
  WE_PROFILE_NAMES: {
    message: 'The functions of module "{module}" cannot be named by that file: {why}',
    hint: "name the source or the build that the run was made from; without --names functions are numbered",
    exitCode: 2,
    explanation:
      "Names are taken from another build of the same module: a .wasm file with a name section, or a source in AssemblyScript or C that is compiled with names. All but custom sections must be equal byte by byte, else the names would be those of other functions.",
  },
  WE_AGENT_UNKNOWN: {
    message: 'There is no agent "{agent}" in the world at tick {tick}',
    hint: "list the agents with: wasm-engine inspect RUN",
    exitCode: 2,
    explanation: "The id is not that of an agent that lives at the tick asked for.",
  },
  WE_AGENT_SPEC: {
    message: 'The agent specification "{id}" cannot be used: {reason}',
    hint: "see the AgentSpec reference for its members and their ranges",
    exitCode: 2,
    explanation: "An agent that is started in a running world is checked like one of the configuration.",
  },
  WE_ASK_FAILED: {
    message: 'Agent "{agent}" gave no answer: {answerCode}, {reason}',
    hint: "the code says why: UNDELIVERABLE, REFUSED, TIMEOUT, CANCELLED, FAILED or OUTCOME_UNKNOWN",
    exitCode: 1,
    explanation: "A message that wants an answer was answered with an error.",
  },
} as const satisfies ErrorTable;

export const fail = errorFactory(WORLD_ERRORS);

/** The run holds ticks `first` to `last`, or none yet. */
export function tickError(
  tick: number,
  { first, last }: { readonly first: number; readonly last: number },
): Error {
  const held = last < first ? "no tick yet" : `ticks ${first} to ${last}`;
  return fail("WE_RUN_TICK", { tick, held });
}
