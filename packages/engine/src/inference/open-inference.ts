/**
 * Opens the models of a world before anything of its run is written: a model that cannot be loaded stops the open.
 * What was loaded is pinned in the run's setup, so that a resumed run asks the very same models or refuses.
 */

import { join } from "node:path";
import { answersDirectory } from "../adapters/answer-store.js";
import type { InferenceSetup, ModelSetup, ResolvedWorld } from "../world/contract.js";
import type { WorldJob, WorldOrigin } from "../world/job.js";
import { readSetup } from "../world/run-store.js";
import type { SessionOptions } from "../world/session.js";
import type { ServiceOptions } from "./contract.js";
import { ModelThreads } from "./model-threads.js";
import { inferencePackage } from "./service-module.js";
import type { ThreadHost } from "../threads/thread-host.js";

/** Who starts threads, and for whom. */
export interface ThreadAsker {
  readonly host: ThreadHost;
  /** Bell of the orchestrator's loop, where it sleeps on one. */
  readonly bell?: SharedArrayBuffer;
}

export interface OpenedInference {
  /** The origin with its models pinned. */
  readonly origin: WorldOrigin;
  /** Undefined where the world has no model. */
  readonly models: ModelThreads | undefined;
}

/** @throws {WE_INFERENCE_THREAD} and what loading models throws */
export async function openInference(job: WorldJob, threads: ThreadAsker): Promise<OpenedInference> {
  const { origin, session, inferenceService: service = inferencePackage } = job;
  const setup = origin.kind === "new" ? origin.world : readSetup(origin.dir);
  const setups = (setup.models ?? []).map((model) => overridden(model, session));
  if (setups.length === 0) return { origin, models: undefined };
  const models = await ModelThreads.open({
    setups,
    delivery: setup.inference?.delivery ?? (session.realtime ? "recorded" : "lockstep"),
    service,
    options: {
      nativeFrom: [join(setup.baseDirectory, ".wasm-engine", "native"), setup.baseDirectory],
      strict: session.strictInference ?? setup.inference?.strict ?? false,
      ...budgetsOf(setup.inference),
    },
    keptTexts: { directory: answersDirectory(setup.baseDirectory), asksAnew: session.askAnew ?? false },
    yields: session.realtime,
    ...threads,
  });
  if (origin.kind === "resume") return { origin, models };
  return { origin: { ...origin, world: pinned(origin.world, models) }, models };
}

function budgetsOf({ weightBytesMax, kvBytesMax }: Partial<InferenceSetup> = {}): Pick<
  ServiceOptions,
  "weightBytesMax" | "keyValueBytesMax"
> {
  return {
    ...(weightBytesMax === undefined ? {} : { weightBytesMax }),
    ...(kvBytesMax === undefined ? {} : { keyValueBytesMax: kvBytesMax }),
  };
}

/** What was asked for when the world was opened wins over its configuration. */
function overridden(model: ModelSetup, { delivery, inferenceWorkers: workers }: SessionOptions): ModelSetup {
  return {
    ...model,
    ...(delivery === undefined ? {} : { delivery }),
    ...(workers === undefined ? {} : { workers }),
  };
}

function pinned(world: ResolvedWorld, models: ModelThreads): ResolvedWorld {
  const loaded = new Map(models.reports.map((report) => [report.name, report]));
  const setups = (world.models ?? []).map((setup): ModelSetup => {
    const facts = loaded.get(setup.name);
    if (facts === undefined) return setup;
    const { version, digest, latencyTicks, text = {} } = facts;
    return { ...setup, version, digest, latencyTicks, ...text };
  });
  return { ...world, models: setups };
}
