/** Opens everything that answers requests of a world: adapters and models. One that fails closes the others. */

import { openAdapters } from "../adapters/open-adapters.js";
import { openInference } from "../inference/open-inference.js";
import type { ThreadAsker } from "../inference/open-inference.js";
import type { EmitEvent } from "./control.js";
import type { WorldJob, WorldOrigin } from "./job.js";
import type { OpenRunOptions } from "./open-run.js";

export interface OpenedAnswerers {
  /** The origin with its models pinned. */
  readonly origin: WorldOrigin;
  readonly answerers: Pick<OpenRunOptions, "models" | "adapters">;
  /** Threads that compute answers. */
  readonly threadCount: number;
}

/** `emit`: to the client, which answers tools of its own. @throws what making adapters and loading models throws */
export async function openAnswerers(
  job: WorldJob,
  threads: ThreadAsker,
  emit: EmitEvent,
): Promise<OpenedAnswerers> {
  const adapters = await openAdapters(job, threads, emit);
  try {
    const { origin, models } = await openInference(job, threads);
    const answerers = {
      ...(models === undefined ? {} : { models }),
      ...(adapters === undefined ? {} : { adapters }),
    };
    return { origin, answerers, threadCount: models?.threadCount ?? 0 };
  } catch (error) {
    adapters?.host.close();
    throw error;
  }
}
