/**
 * Checks invariants after ticks. Whether one is due follows from the ticks alone, so that a run, its replay from any
 * snapshot and a search look at the same ones. Reads copies of agents; nothing of it enters the world.
 */

import type { AgentId } from "@wasm-engine/abi";
import type { Json, WorldContract } from "@wasm-engine/core";
import { evaluate, matchesPattern } from "../expression/evaluate.js";
import type { Subject, SubjectAgent } from "../expression/evaluate.js";
import { worldNames } from "../expression/expression.js";
import type { Expression } from "../expression/expression.js";
import { parseExpression } from "../expression/parse-expression.js";
import type { InvariantFigures, InvariantSetup, InvariantValue, Violation } from "./contract.js";
import { subjectOf } from "./subject.js";
import type { AgentLook } from "./subject.js";

/** An expression of an invariant. @throws {WE_EXPRESSION_SYNTAX} {WE_EXPRESSION_NAME} {WE_EXPRESSION_SIZE} */
export function parseInvariant(text: string): Expression {
  return parseExpression(text, { world: worldNames, ofAgent: true });
}

interface Invariant {
  readonly setup: InvariantSetup;
  readonly expression: Expression;
  checked: number;
  decided: number;
}

export class InvariantCheck {
  readonly #invariants: readonly Invariant[];

  /** @throws {WE_EXPRESSION_SYNTAX} {WE_EXPRESSION_NAME} {WE_EXPRESSION_SIZE} */
  constructor(setups: readonly InvariantSetup[]) {
    this.#invariants = setups.map((setup) => {
      return { setup, expression: parseInvariant(setup.expression), checked: 0, decided: 0 };
    });
  }

  get figures(): readonly InvariantFigures[] {
    return this.#invariants.map(({ setup, checked, decided }) => {
      return { name: setup.name, expression: setup.expression, checked, decided };
    });
  }

  /** After the tick that the world stands at; `previous` was executed before it, -1 for none. */
  afterTick(world: WorldContract, look: AgentLook, previous: number): Violation | undefined {
    const { tick } = world;
    const due = this.#invariants.filter(({ setup: { every = 1 } }) => {
      return Math.floor(tick / every) !== Math.floor(previous / every);
    });
    return this.#broken(due, world, look);
  }

  /** Of all of them, whatever is due. */
  now(world: WorldContract, look: AgentLook): Violation | undefined {
    return this.#broken(this.#invariants, world, look);
  }

  #broken(invariants: readonly Invariant[], world: WorldContract, look: AgentLook): Violation | undefined {
    if (invariants.length === 0) return undefined;
    const subject = subjectOf(world, look);
    for (const invariant of invariants) {
      const violation = violationOf(invariant, subject);
      if (violation !== undefined) return violation;
    }
    return undefined;
  }
}

function violationOf(invariant: Invariant, subject: Subject): Violation | undefined {
  const { setup, expression } = invariant;
  const holds = (of: Subject): boolean => {
    const value = evaluate(expression, of);
    invariant.checked += 1;
    if (typeof value === "boolean") invariant.decided += 1;
    return value !== false;
  };
  if (!expression.isOfAgent) {
    return holds(subject) ? undefined : broken(setup, expression, subject);
  }
  const { agent: pattern = "*" } = setup;
  const affected = subject.agents.filter((agent) => matchesPattern(pattern, String(agent.id())));
  const agent = affected.find((one) => !holds({ ...subject, agent: one }));
  return agent === undefined ? undefined : broken(setup, expression, { ...subject, agent });
}

/** Evaluated once more, to tell the values behind it. */
function broken(
  { name, expression: text }: InvariantSetup,
  expression: Expression,
  subject: Subject,
): Violation {
  const values = new Map<string, InvariantValue>();
  const failed: string[] = [];
  evaluate(expression, subject, {
    value: (path, value) => values.set(path, { path, value: value as Json }), // told of plain values only
    failed: (id) => failed.push(id),
  });
  const agent = idOf(subject.agent) ?? failed[0] ?? null;
  return {
    invariant: name,
    expression: text,
    tick: subject.tick,
    agent: agent as AgentId | null, // brand: ids come from the world
    values: [...values.values()],
  };
}

function idOf(agent: SubjectAgent | undefined): string | undefined {
  return agent === undefined ? undefined : String(agent.id());
}

/** One line for people: `state.balance = -1, tick = 7`. */
export function violationText({ values }: Violation): string {
  const texts = values.map(({ path, value }) => `${path} = ${JSON.stringify(value)}`);
  return texts.length === 0 ? "the expression is false" : texts.join(", ");
}
