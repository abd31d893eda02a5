/** Codes of the command line itself. */

import type { EngineError, ErrorTable } from "@wasm-engine/abi";
import { errorFactory } from "@wasm-engine/abi";

export const CLI_ERRORS = {
  WE_CLI_USAGE: {
    message: "Command line not understood: {problem}",
    hint: "see `{help}`",
    exitCode: 2,
    explanation:
      "An option, argument or verb does not exist, is missing or has a value of the wrong form. Nothing was done.",
  },
  WE_CLI_UNKNOWN_CODE: {
    message: 'No error code is named "{code}"',
    hint: "{suggestion}",
    exitCode: 2,
    explanation: "`explain` prints one error code of this release; `explain --list` prints all of them.",
  },
  WE_INVARIANT_VIOLATED: {
    message: 'Invariant "{invariant}" does not hold at tick {tick}{where}: {values}',
    hint: "look at it: wasm-engine inspect {run} --at {tick}; the tick before is: wasm-engine fork {run} --at {before}",
    exitCode: 1,
    explanation:
      "An invariant of engine.yaml was found false after a tick. The run stopped there and can be replayed, inspected and forked; going on with it checks again after the next tick. Invariants are read from copies of agents and never change a run.",
  },
  WE_INVARIANT_UNDECIDED: {
    message: 'The expression "{expression}" was neither true nor false in any of {checked} evaluations',
    hint: "compare something, as in state.count < 4, and look how names are spelt: wasm-engine inspect {run}",
    exitCode: 2,
    explanation:
      "An expression of --test that never has a truth value answers nothing: it holds in every run. Names that an agent's described state lacks have no value. Invariants of engine.yaml are only warned of, because theirs may come in a longer run.",
  },
  WE_CLI_WHY: {
    message: "Nothing, or more than one matter, was asked about",
    hint: "give an id of `wasm-engine trace`, or --agent with --field, or --fault",
    exitCode: 2,
    explanation:
      "`why` follows one chain of causes: that of a message or another event, that of the last change of a field of an agent, or that of a fault.",
  },
  WE_TEST_NONE: {
    message: "No tests were found: looked for {what} below {folder}",
    hint: "run it in the folder of the project, or name a file; tests are described in docs/testing.md",
    exitCode: 2,
    explanation:
      "`test` runs files that end in .test.ts, .test.mts, .test.js or .test.mjs, and golden bundles.",
  },
  WE_TEST_VITEST: {
    message: "The tests in {folder} are those of vitest, which it depends on and configures",
    hint: "run: npx vitest run; golden bundles are replayed by: wasm-engine test golden/*.bundle",
    exitCode: 2,
    explanation:
      "Tests that import vitest run in vitest only. wasm-engine/testing works there as it does with Node's own runner.",
  },
  WE_TEST_FILE_EXISTS: {
    message: "The test file {path} exists and is not overwritten",
    hint: "choose another name with --out, or remove it",
    exitCode: 2,
    explanation: "A test that was made from a run is yours to change, so it is never written over.",
  },
  WE_TEST_SOURCE: {
    message: "The source of module {module} of agent {agent} is not named by {file}",
    hint: "name the engine.yaml of the project with --config",
    exitCode: 2,
    explanation:
      "A test that is made from a run uses the source of the agent, so that the agent can be mended. Sources are named by the configuration.",
  },
  WE_TEST_NO_TURN: {
    message: "Agent {agent} took no turn that became visible in tick {tick}",
    hint: "choose a tick in which it worked: wasm-engine inspect, or the tick that a fault was reported for",
    exitCode: 2,
    explanation: "A test of a turn needs one: an agent takes turns only in ticks in which it has work.",
  },
  WE_TEST_NOT_REPRODUCED: {
    message:
      "A test cannot repeat what {agent} did in tick {tick}: the run had {expected}, the test has {actual}",
    hint: "fork the run before that tick instead; quotas of tenants and tasks from others are not part of such a test",
    exitCode: 1,
    explanation:
      "The test was tried with the module of the run before it was written, and did something else. What an agent got from others is repeated; what else it depended on is not.",
  },
  WE_TEST_INTERRUPTED: {
    message: "Interrupted while tests ran; their results are not known",
    hint: "run them again, or one alone by its file: wasm-engine test FILE",
    exitCode: 130,
    explanation: "Ctrl-C or SIGTERM ended the test runner. A test that hangs is named last in its report.",
  },
  WE_TEST_RUNNER: {
    message: "The test runner of Node.js gave up: {cause}",
    hint: "see what it wrote on standard error",
    exitCode: 4,
    explanation: "Node's test runner ended with a failure that no test has reported.",
  },
  WE_CLI_NOT_JSON: {
    message: "The message is not JSON: {came} ({problem})",
    hint: `quote it for the shell: wasm-engine {verb} NAME '{"text":"hello"}'; a text is JSON in double quotes: '"hello"'`,
    exitCode: 2,
    explanation:
      "Bodies of messages are JSON. A shell takes unquoted double quotes away, so the whole is written in single quotes (in PowerShell too; cmd.exe needs double quotes and a backslash before the inner ones).",
  },
  WE_CLI_NO_ANSWER: {
    message: "Agent {agent} has not answered within {seconds} seconds",
    hint: "the question is in the log and may still be answered: look with wasm-engine ps and deadletters, or wait longer with --timeout",
    exitCode: 1,
    retryable: true,
    explanation:
      "A question was logged, and the command stopped waiting for its answer. An agent may be paused or busy, wait for a model, or never answer messages of this topic.",
  },
  WE_CLI_FILE: {
    message: "The file {path} cannot be written: {cause}",
    hint: "choose a file in a folder that can be written and has space; what was computed on the way is kept",
    exitCode: 4,
    explanation:
      "The system refused a file that an option such as --out or --folded names. Nothing of it is left there.",
  },
  WE_CLI_INTERRUPTED: {
    message: "Interrupted after tick {tick}; the run is sealed and can go on",
    hint: "wasm-engine run --resume {run}",
    exitCode: 130,
    explanation:
      "Ctrl-C or SIGTERM ended the run after the tick in progress. Everything up to that tick is in the log.",
  },
  WE_CLI_INTERRUPTED_EARLY: {
    message: "Interrupted before the world was open; no tick was executed",
    hint: "run the command again",
    exitCode: 130,
    explanation: "Ctrl-C or SIGTERM came while the configuration was read or the world process was starting.",
  },
  WE_CLI_SWEEP_INTERRUPTED: {
    message: "The sweep was interrupted after {done} runs",
    hint: "run the same command again: it goes on with what is done",
    exitCode: 130,
    explanation:
      "Ctrl-C or SIGTERM came while a sweep was running. Runs that had come to their end are kept with their rows; those under way are begun again.",
  },
  WE_RUN_UNSUPERVISED: {
    message: "The run stopped at tick {tick}: agent {agent} faulted ({cause}) and nobody supervises it",
    hint: "find the cause with: wasm-engine logs {run}, or give the agent another onFault; the run itself is whole",
    exitCode: 1,
    explanation:
      "The agent's onFault strategy is escalate and it has neither a living parent nor a declared tenant to escalate to. The tick was finished and sealed: the run can be replayed and inspected, and --resume goes on without the agent. Faults that a strategy contains fail no run.",
  },
  WE_DEV_FAILED: {
    message: "The run failed: agent {agent} {cause} at tick {tick}",
    hint: "find the cause with: wasm-engine logs {run}",
    exitCode: 1,
    explanation:
      "With --once, dev takes every fault and every exit code other than 0 for a failure of the run, also where a strategy contains it. The run is whole: it can be replayed, inspected and forked.",
  },
  WE_DEV_TESTS_FAILED: {
    message: "The run is over and the project's tests fail",
    hint: "see them alone with: wasm-engine test",
    exitCode: 1,
    explanation:
      "With --test, dev runs the verb test after each run; with --once its result is that of dev, too. The run itself is whole.",
  },
  WE_DEV_DIVERGED: {
    message: "Executing the run again gave another result",
    hint: "name the first tick and agent with: wasm-engine replay {run}",
    exitCode: 3,
    explanation:
      "`dev` replays every run and compares each commit. A difference is a defect of the engine or of the machine, never of an agent: keep the run folder and report it.",
  },
  WE_CLI_FOLDER_GONE: {
    message: "The working directory does not exist any more",
    hint: "change into a folder that exists and run the command again",
    exitCode: 4,
    explanation:
      "The folder that the command was started in was removed, so nothing could be looked for in it.",
  },
  WE_CLI_NODE_VERSION: {
    message: "Node {found} is too old, 20.19 or later is needed",
    hint: "install a supported version of Node.js: 20, 22, 24 or 26",
    exitCode: 4,
    explanation: "The engine relies on features of Node 20.19 and later.",
  },
  WE_CLI_OUTPUT: {
    message: "Standard output cannot be written: {cause}",
    hint: "make room where it is redirected to; what the verb did is not undone",
    exitCode: 4,
    explanation:
      "The result of a verb goes to standard output, and the file or device behind it took no more.",
  },
  WE_CLI_UNHANDLED: {
    message: "Unexpected failure: {cause}",
    hint: "this is a defect of wasm-engine; run again with --verbose for the stack and report it",
    exitCode: 70,
    explanation: "An error without code reached the command line. It should have had one.",
  },
} as const satisfies ErrorTable;

/** Makes an error of this table. */
export const fail = errorFactory(CLI_ERRORS);

/** A command line that makes no sense; `verb` where it names one. */
export function usageError(verb: string | undefined, problem: string): EngineError {
  const help = verb === undefined ? "wasm-engine --help" : `wasm-engine ${verb} --help`;
  return fail("WE_CLI_USAGE", { problem, help });
}
