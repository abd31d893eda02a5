/** Error codes of `dev`. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const DEV_ERRORS = {
  WE_DEV_STANDARD_INPUT: {
    message: "The configuration reads standard input, which dev cannot give to more than one run",
    hint: "name a file under inputs while you develop, or use: wasm-engine run {config}",
    exitCode: 2,
    explanation:
      "`dev` runs a world again and again. What standard input brings can be read once; a file is read by every run. On a terminal, standard input is also where dev reads its keys.",
  },
  WE_DEV_UPGRADE_REFUSED: {
    message: "Agent {agent} kept its old code after tick {tick}: {reason}",
    hint: "nothing to be done: the run starts again with the new code; define migrate(state, fromVersion) where the state has another form",
    exitCode: 1,
    explanation:
      "In a fork, agents take new code over as an upgrade: the old version gives its state, the new one takes it. Where either refuses, the agent goes on with its old code, and dev starts again from the beginning, with recorded answers.",
  },
} as const satisfies ErrorTable;

export const devError = errorFactory(DEV_ERRORS);
