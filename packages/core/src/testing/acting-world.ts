/** A world of puppets with ordinary agents, and what they wrote down: what most tests of a world begin with. */

import { puppet, type Acts } from "./puppet.js";
import { ScriptWorld, genesis, spec, type SpecChanges } from "./script-world.js";

/** Every agent that acts or whose spec is changed. */
export function actingWorld(acts: Acts, changes: Readonly<Record<string, SpecChanges>> = {}): ScriptWorld {
  const agents = [...new Set([...Object.keys(acts), ...Object.keys(changes)])].map((id) =>
    spec(id, changes[id]),
  );
  return new ScriptWorld(genesis(agents), puppet(acts));
}

/** Lines that an agent wrote down, without init and start. */
export function seen(script: ScriptWorld, id: string): string[] {
  const lines = (script.executors.stateOf(id) ?? "").split("\n");
  return lines.filter((line) => !/ (init|START null)$/.test(line));
}
