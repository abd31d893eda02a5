/** Limits of expressions: they are evaluated between ticks of a running world. */

/** Characters of an expression. */
export const expressionCharactersMax = 4096;

/** Operators and functions inside of each other: far below what the stack holds. */
export const expressionNestingMax = 64;

/** Parts that one evaluation may visit; a sum over 10 000 agents of ten parts visits 100 000. */
export const expressionStepsMax = 20_000_000;
