/** Error codes of forks. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const FORK_ERRORS = {
  WE_FORK_GENESIS: {
    message: '"{override}" is fixed from the start of a run and cannot change at tick {tick}',
    hint: "fork with --at start, before tick 0",
    exitCode: 2,
    explanation:
      "Seed, policy and arguments of agents are part of the genesis that starts the chain. A fork that shares ticks with its parent shares the genesis too; only one from before tick 0 may have another. Modules, models, tools and inputs can change at any tick.",
  },
  WE_FORK_OVERRIDE: {
    message: 'The override "{override}" cannot be used: {reason}',
    hint: "use module.NAME=FILE, model.NAME=VALUE, tool.NAME=FILE, seed=N, policy=NAME or args.AGENT.PATH=JSON; {advice}",
    exitCode: 2,
    explanation:
      "A fork differs from its parent in what is named: modules, models, tools, seed, policy, arguments of agents and inputs. Names are those of the parent's configuration.",
  },
  WE_FORK_INPUT: {
    message: "Input {seq} cannot be {action}: {reason}",
    hint: "list the inputs after tick {tick} with: wasm-engine log RUN; only with --inputs keep do they enter again",
    exitCode: 2,
    explanation:
      "Inputs are named by their sequence in the parent's log. Only what entered from outside after the forked tick can be changed or dropped: earlier inputs are part of the shared history, answers of models and tools follow from requests.",
  },
  WE_FORK_CUT: {
    message: '"{name}" cannot be cut off after tick {tick}: {reason}',
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "The option --cut names an agent that lives at the forked tick, or a topic: one that an agent has joined or is granted by name, or that an output follows. An agent that comes later cannot be named: fork at a tick at which it lives.",
  },
  WE_FORK_PLAN: {
    message: 'The fork in "{dir}" cannot go on: {reason}',
    hint: "replay works without that file; to go on, restore fork.cbor from a copy of the run or fork again from the parent",
    exitCode: 3,
    explanation:
      "A fork keeps the inputs and the recorded answers that have not entered yet in the file fork.cbor of its folder, whose digest is in run.json. What has entered is in the log, so replay does not need that file.",
  },
} as const satisfies ErrorTable;

export const forkError = errorFactory(FORK_ERRORS);
