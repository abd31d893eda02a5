/**
 * Opens the adapters of a world before anything of its run is written: what cannot be made stops the open. Their setups
 * are kept with the run; what they are made from (a tool's text, a server's model) may be another when it is resumed.
 */

import type { ThreadAsker } from "../inference/open-inference.js";
import type { Delivery } from "../world/contract.js";
import type { EmitEvent } from "../world/control.js";
import type { ProgramTool, WorldJob } from "../world/job.js";
import { readSetup } from "../world/run-store.js";
import { AdapterHost } from "./adapter-host.js";
import type { ProgramSide } from "./adapter-host.js";
import type { AdapterSetup } from "./contract.js";
import { adapterError } from "./errors.js";
import { adapterPollMs } from "./limits.js";

export interface OpenedAdapters {
  readonly host: AdapterHost;
  readonly delivery: (setup: AdapterSetup) => Delivery;
}

/**
 * Undefined where the world has none. `emit`: to the program that opened the world.
 * @throws {WE_ADAPTER_THREAD} {WE_TOOL_PROGRAM_MISSING} {WE_TOOL_PROGRAM_UNKNOWN} and what making adapters throws
 */
export async function openAdapters(
  { origin, session, programTools = [] }: WorldJob,
  threads: ThreadAsker,
  emit: EmitEvent,
): Promise<OpenedAdapters | undefined> {
  const {
    adapters = [],
    baseDirectory,
    inference,
  } = origin.kind === "new" ? origin.world : readSetup(origin.dir);
  const setups = withPrograms(adapters, programTools);
  if (setups.length === 0) return undefined;
  const options = { baseDirectory, askAnew: session.askAnew ?? false };
  const program: ProgramSide = {
    line: (line) => emit({ kind: "tool-line", line }),
    call: (request) => emit({ kind: "tool-call", request }),
    abort: (call) => emit({ kind: "tool-abort", call }),
  };
  const host = new AdapterHost({ setups, options, program, ...threads });
  try {
    while (!host.isLoaded) await new Promise((resolve) => setTimeout(resolve, adapterPollMs));
  } catch (error) {
    host.close();
    throw error;
  }
  const byClock = session.realtime ? "recorded" : "lockstep";
  return {
    host,
    delivery: ({ serves, kind, delivery }) => {
      const ofModels = serves === "inference" ? inference?.delivery : undefined;
      return session.delivery ?? delivery ?? ofModels ?? (kind === "openai" ? "recorded" : byClock);
    },
  };
}

/** The setups with what the program says of its functions. Every declared one is there, and no other. */
function withPrograms(
  setups: readonly AdapterSetup[],
  given: readonly ProgramTool[],
): readonly AdapterSetup[] {
  const declared = setups.filter(({ kind }) => kind === "program").map(({ name }) => name);
  const stray = given.find(({ name }) => !declared.includes(name));
  if (stray !== undefined) {
    const known = declared.length === 0 ? "no such tool" : declared.join(", ");
    throw adapterError("WE_TOOL_PROGRAM_UNKNOWN", { name: stray.name, known });
  }
  return setups.map((setup) => {
    if (setup.kind !== "program") return setup;
    const { name } = setup;
    const tool = given.find((candidate) => candidate.name === name);
    if (tool === undefined) throw adapterError("WE_TOOL_PROGRAM_MISSING", { name });
    const idempotent = setup.idempotent ?? tool.idempotent;
    return idempotent === undefined ? setup : { ...setup, idempotent };
  });
}
