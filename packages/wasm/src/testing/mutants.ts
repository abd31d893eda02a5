/**
 * The deliberate mistakes. Each is one edit of one compiled file. A mutant that no longer applies is stale and fails
 * the test: change its text together with the code.
 */

import type { Mutant } from "./mutant-build.js";

const planner: readonly Mutant[] = [
  {
    name: "no split after br_if",
    file: "function-planner.js",
    find: "this.#stack.pop(); this.#branch(this.#reader.index, false); this.#segments.begin(this.#ordinal + 1);",
    replace: "this.#stack.pop(); this.#branch(this.#reader.index, false);",
    why: "who leaves by br_if pays for what it skips",
  },
  {
    name: "no split at the end of a block",
    file: "function-planner.js",
    find: "this.#stack.push(type); this.#segments.begin(this.#ordinal + 1); } #branchTable",
    replace: "this.#stack.push(type); } #branchTable",
    why: "who comes by a branch does not pay for what follows the block",
  },
  {
    name: "no split after else",
    file: "function-planner.js",
    find: "this.#stack.push(type); this.#segments.begin(this.#ordinal + 1); } #end",
    replace: "this.#stack.push(type); } #end",
    why: "the price of the second arm is paid by the first",
  },
  {
    name: "br_table default dropped",
    file: "function-planner.js",
    find: "this.#branch(labels[label] ?? 0, false); this.#branch(index, false);",
    replace: "this.#branch(labels[label] ?? 0, false);",
    why: "a block that only the default leaves for counts as never left",
  },
  {
    name: "if without else not joined",
    file: "function-planner.js",
    find: `const emptyElse = frame.kind === "if" && !frame.hasElse;`,
    replace: "const emptyElse = false;",
    why: "what follows a dead then arm counts as dead",
  },
  {
    name: "else forgotten after a dead then",
    file: "function-planner.js",
    find: "const frame = this.#top(); if (!frame.live) return;",
    replace: "return;",
    why: "the second arm counts as dead",
  },
  {
    name: "branches to the label of an if do not join",
    file: "function-planner.js",
    find: "this.#reachable || frame.branched || frame.thenFallsOut",
    replace: `this.#reachable || (frame.branched && frame.kind !== "if") || frame.thenFallsOut`,
    why: "what follows an if whose arms both end in a branch to its label counts as dead",
  },
  {
    name: "loop charged once",
    file: "function-planner.js",
    find: "if (frame.branched) this.#mark(frame.opener, Mark.JOIN | Mark.TEST); else this.#segments.merge(",
    replace: "if (frame.branched) this.#mark(frame.opener, Mark.JOIN); this.#segments.merge(",
    why: "iterations are free",
  },
  {
    name: "loop not tested",
    file: "function-planner.js",
    find: "Mark.JOIN | Mark.TEST",
    replace: "Mark.JOIN",
    why: "an endless loop never ends",
  },
  {
    name: "parameters of calls not charged",
    file: "function-planner.js",
    find: "this.#segments.add(callCost(kind, words) - callCost(kind, 0));",
    replace: "",
    why: "wide calls are too cheap",
  },
];

const counter: readonly Mutant[] = [
  {
    name: "entry not tested",
    file: "fuel-counter.js",
    find: "this.charge(cost, test); }",
    replace: "this.charge(cost, false); }",
    why: "endless recursion never ends",
  },
  {
    name: "no flush before a call",
    file: "fuel-counter.js",
    find: "beforeCall() { this.#flush(); }",
    replace: "beforeCall() { }",
    why: "what the caller paid is forgotten",
  },
  {
    name: "no reload after a call",
    file: "fuel-counter.js",
    find: `if (this.#cached) this.#current = "global";`,
    replace: "",
    why: "what the callee paid is forgotten",
  },
  {
    name: "no flush at exit",
    file: "fuel-counter.js",
    find: "leave() { this.#flush(); }",
    replace: "leave() { }",
    why: "what a function paid is forgotten",
  },
  {
    name: "linear price not charged",
    file: "function-emitter.js",
    find: "this.#chargeLinear(linear);",
    replace: "",
    why: "a fill of gigabytes costs as much as one of bytes",
  },
];

export const MUTANTS: readonly Mutant[] = [...planner, ...counter];
