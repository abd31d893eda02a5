/** Codes of `wasm-engine/testing`: what a test can do wrong, and how it fails. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const MINI_WORLD_ERRORS = {
  WE_TEST_OPTION: {
    message: "The world of the test cannot be made: {problem}",
    hint: "{advice}",
    exitCode: 2,
    explanation: "An option of createWorld contradicts another one or names what is not there.",
  },
  WE_TEST_UNANSWERED: {
    message: 'Agent "{agent}" has not answered and the world is at rest at tick {tick}; {waiting}',
    hint: "answer what it waits for in `models` or `tools`, or look at world.faults and world.deadLetters",
    exitCode: 1,
    explanation:
      "A test asked an agent and the world came to rest before the answer: the agent never replies, or it waits for something that nobody sends.",
  },
  WE_TEST_AGENT_FAULT: {
    message: 'Agent "{agent}" failed at tick {tick} with {faultCode}: {detail}',
    hint: "mend the agent at the place named; a test of the failure itself uses send, run and world.faults",
    exitCode: 1,
    explanation: "The agent that a test asked trapped, threw or ran out of a limit while it worked.",
  },
  WE_TEST_TICKS_LIMIT: {
    message: "The world did not come to rest within {ticksMax} ticks (tick {tick}, due: {due})",
    hint: "run a number of ticks instead, or raise ticksMax; agents with a cadence never rest",
    exitCode: 5,
    explanation: "Running until a world is idle ends only where its agents stop giving each other work.",
  },
  WE_TEST_GOLDEN_MISSING: {
    message: "The golden file {file} cannot be read: {cause}",
    hint: "write it with WASM_ENGINE_UPDATE_GOLDEN=1 (wasm-engine test --update) and look through it before you keep it",
    exitCode: 1,
    explanation:
      "A golden file holds a run that was looked through once; without one nothing can be compared.",
  },
  WE_TEST_GOLDEN_CHANGED: {
    message: "The run is not that of {file}: {where}{place} is {actual}, not {expected}",
    hint: "where the change is meant, write the file anew with WASM_ENGINE_UPDATE_GOLDEN=1 and read what changed in it",
    exitCode: 3,
    explanation:
      "A run differs from its golden file. What agents say comes first, fuel and chain head last: a change of a module that says the same shows there only.",
  },
  WE_TEST_DIVERGED: {
    message: "The runs differ first at {where}{place}: {left} and {right}",
    hint: "equal genesis, inputs and answers give equal runs: compare what was asked, and how it was answered",
    exitCode: 3,
    explanation: "Two worlds of a test were expected to have the same run, up to the last bit of the chain.",
  },
  WE_TEST_CLOSED: {
    message: 'The world of the test is closed, so "{method}" does nothing any more',
    hint: "use it before close, or before the end of the block that declares it with `await using`",
    exitCode: 2,
    explanation: "A world of a test is used until it is closed.",
  },
} as const satisfies ErrorTable;

export const miniWorldError: ReturnType<typeof errorFactory<typeof MINI_WORLD_ERRORS>> =
  errorFactory(MINI_WORLD_ERRORS);
