/** Error codes of expressions: what is written wrongly is found before anything is executed. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const EXPRESSION_ERRORS = {
  WE_EXPRESSION_SYNTAX: {
    message:
      'The expression "{expression}" cannot be read at character {at}: expected {expected}, got {came}',
    hint: 'write it like: state.balance >= 0 and count(agents, faults > 0) == 0; texts need quotes: status == "active"',
    exitCode: 2,
    explanation:
      "Expressions compare, calculate and combine values of agents. They have numbers, quoted texts, true, false, null, paths such as state.items[0].price, the operators + - * / % == != < <= > >= and or not, and the functions sum, count, min, max, all, any, abs, agent and agents.",
  },
  WE_EXPRESSION_NAME: {
    message: 'The expression "{expression}" names "{name}", which is no {kind} here',
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "At the start of a path stands a name that every agent has (such as state, faults or status), or that the world has (such as tick or agents). What an agent describes of itself lies below state.",
  },
  WE_EXPRESSION_SIZE: {
    message: 'The expression "{expression}" is too large: {what} {came}, at most {most}',
    hint: "split it into several expressions, or let the agent compute the value and describe it",
    exitCode: 5,
    explanation:
      "Length, nesting and work of an expression are limited, so that checking an invariant cannot stop a world.",
  },
} as const satisfies ErrorTable;

export const expressionError = errorFactory(EXPRESSION_ERRORS);
