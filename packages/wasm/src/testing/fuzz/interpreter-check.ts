/** An instrumented call against the interpreter: outcome, fuel, calls of the host, memory, globals. */

import { trapKindOf } from "../interpreter/trap-text.js";
import type { Difference } from "./fuzz-check.js";
import { firstDifference } from "./fuzz-world.js";
import type { CallReport, FuzzWorld } from "./fuzz-world.js";
import type { InterpretedReport, InterpretedWorld } from "./interpreted-world.js";

function difference(kind: string, text: string): Difference {
  return { kind: `interpreter ${kind}`, text };
}

/** Whether the interpreter may end in its way where the instrumented module ended with `kind`. */
function compatible(kind: string, { kind: interpreted }: InterpretedReport): boolean {
  // Instrumented code may charge ahead, what comes behind a call included, so it may stop before a trap or the end of
  // the stack. It may charge late and tests only here and there, so it may reach these where fuel is used up.
  if (kind === "out-of-fuel") return interpreted !== "returned";
  if (kind === "out-of-depth" || kind === "trapped")
    return interpreted === kind || interpreted === "out-of-fuel";
  return kind === interpreted;
}

export function compareInterpreted(
  place: string,
  { outcome, fuel }: CallReport,
  interpreted: InterpretedReport,
): Difference | undefined {
  if (outcome.kind === "native-stack" || outcome.kind === "host-memory") return undefined;
  if (!compatible(outcome.kind, interpreted)) {
    return difference(
      "outcome",
      `${place}: ${outcome.kind}, interpreted ${interpreted.kind} ${interpreted.trap}`,
    );
  }
  if (interpreted.kind !== outcome.kind) return undefined;
  if (outcome.kind === "trapped") {
    const trap = trapKindOf(outcome.trap);
    if (trap !== interpreted.trap)
      return difference("trap", `${place}: ${trap}, interpreted ${interpreted.trap}`);
  }
  if (outcome.kind !== "returned" && outcome.kind !== "trapped") return undefined;
  if (outcome.host !== interpreted.host) {
    return difference("host", `${place}: asked ${outcome.host}, interpreted ${interpreted.host}`);
  }
  if (outcome.kind !== "returned") return undefined;
  if (outcome.values !== interpreted.values) {
    return difference("values", `${place}: ${outcome.values}, interpreted ${interpreted.values}`);
  }
  if (fuel === interpreted.fuel) return undefined;
  return difference("fuel", `${place}: ${fuel}, interpreted ${interpreted.fuel}`);
}

export function compareInterpretedState(
  place: string,
  instrumented: FuzzWorld,
  interpreted: InterpretedWorld,
): Difference | undefined {
  const at = firstDifference(instrumented.memory, interpreted.memory);
  if (at !== undefined) return difference("memory", `${place}: memory differs at ${at}`);
  if (instrumented.globals === interpreted.globals) return undefined;
  return difference("globals", `${place}: ${instrumented.globals}, interpreted ${interpreted.globals}`);
}
