/**
 * Opens the adapters of a world before anything of its run is written: what cannot be made stops the open. Their setups
 * are kept with the run; what they are made from (a tool's text, a server's model) may be another when it is resumed.
 */

import type { ThreadAsker } from "../inference/open-inference.js";
import type { Delivery } from "../world/contract.js";
import type { WorldJob } from "../world/job.js";
import { readSetup } from "../world/run-store.js";
import { AdapterHost } from "./adapter-host.js";
import type { AdapterSetup } from "./contract.js";
import { adapterPollMs } from "./limits.js";

export interface OpenedAdapters {
  readonly host: AdapterHost;
  readonly delivery: (setup: AdapterSetup) => Delivery;
}

/** Undefined where the world has none. @throws {WE_ADAPTER_THREAD} and what making adapters throws */
export async function openAdapters(
  { origin, session }: WorldJob,
  threads: ThreadAsker,
): Promise<OpenedAdapters | undefined> {
  const {
    adapters = [],
    baseDirectory,
    inference,
  } = origin.kind === "new" ? origin.world : readSetup(origin.dir);
  if (adapters.length === 0) return undefined;
  const options = { baseDirectory, askAnew: session.askAnew ?? false };
  const host = new AdapterHost({ setups: adapters, options, ...threads });
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
