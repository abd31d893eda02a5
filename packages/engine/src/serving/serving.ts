/**
 * A server with the interface of OpenAI, put together: models of this machine, agents of a running world, and the HTTP
 * side. Nothing of it is part of any world; what agents are asked enters theirs as logged inputs.
 */

import { EngineError } from "@wasm-engine/abi";
import type { ModelFacts, ModelSpec } from "@wasm-engine/core";
import { ConnectedWorld } from "../client/connected-world.js";
import { ControlClient } from "../client/control-client.js";
import { adviceFor } from "../config/suggestion.js";
import { inferencePackage } from "../inference/service-module.js";
import type { ServiceOptions } from "../inference/contract.js";
import { AgentDesk, agentPrefix } from "./agent-desk.js";
import type { Directory, Respondent } from "./contract.js";
import { fail } from "./errors.js";
import { HttpFace } from "./http-face.js";
import type { ServedRequest } from "./http-face.js";
import {
  agentTimeoutMsDefault,
  bodyBytesMaxDefault,
  textsUnderWayMaxDefault,
  vectorsBytesMax,
} from "./limits.js";
import { ModelDesk } from "./model-desk.js";

export interface ServingOptions {
  /** Models in folders, by their names in requests. */
  readonly models?: readonly ModelSpec[];
  /** How models are run. */
  readonly inference?: Pick<ServiceOptions, "nativeFrom"> & Partial<ServiceOptions>;
  /** Folder of a run whose world is running: its agents are `agent/NAME`. */
  readonly run?: string;
  /** Default 0: one that is free. */
  readonly port?: number;
  /** Clients must send it as a bearer token. */
  readonly token?: string;
  /** Sites whose pages may ask; none by default. */
  readonly origins?: readonly string[];
  /** How long an answer of an agent is waited for; 0: for ever. Default 10 minutes. */
  readonly agentTimeoutMs?: number;
  readonly bodyBytesMax?: number;
  readonly textsUnderWayMax?: number;
  /** Hears of every request when it is over. */
  readonly onRequest?: (request: ServedRequest) => void;
  readonly testing?: { readonly inferenceService?: string };
}

/** A server that listens. */
export interface Serving extends AsyncDisposable {
  /** Base address for clients, up to and including /v1. */
  readonly url: string;
  readonly port: number;
  readonly models: readonly ModelFacts[];
  /** Ends it: requests under way are answered 503. Models finish what they run. */
  close(): Promise<void>;
}

/** Starts a server. @throws {WE_SERVE_LISTEN} {WE_CONTROL_NOT_RUNNING} and what loading models throws */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { run, port = 0, origins = [], token, agentTimeoutMs: timeoutMs = agentTimeoutMsDefault } = options;
  const agents = run === undefined ? undefined : new AgentDesk({ connect: () => connected(run), timeoutMs });
  const desk = (options.models ?? []).length === 0 ? undefined : await openModels(options);
  const end = async (): Promise<void> => {
    await agents?.close();
    await desk?.close();
  };
  try {
    // Whoever names a world that does not run is told so now.
    await agents?.list();
    const face = await HttpFace.listen({
      port,
      access: { origins, ...(token === undefined ? {} : { token }) },
      directory: directoryOf(desk?.respondents() ?? [], agents),
      bodyBytesMax: options.bodyBytesMax ?? bodyBytesMaxDefault,
      textsUnderWayMax: options.textsUnderWayMax ?? textsUnderWayMaxDefault,
      onRequest: options.onRequest ?? ((): void => undefined),
    });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= face.close().then(end));
    return {
      url: `http://127.0.0.1:${face.port}/v1`,
      port: face.port,
      models: desk?.facts ?? [],
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function openModels({ models = [], inference, testing }: ServingOptions): Promise<ModelDesk> {
  const options = { nativeFrom: [], strict: false, ...inference };
  return ModelDesk.open({
    service: testing?.inferenceService ?? inferencePackage,
    models,
    options: { ...options, answerBytesMax: vectorsBytesMax, partTokens: 1 },
  });
}

async function connected(dir: string): Promise<ConnectedWorld> {
  return new ConnectedWorld(await ControlClient.connect(dir, "serve"));
}

function directoryOf(models: readonly Respondent[], agents: AgentDesk | undefined): Directory {
  const byName = new Map(models.map((model) => [model.name, model]));
  const list: Directory["list"] = async () => {
    if (agents === undefined) return models;
    try {
      return [...models, ...(await agents.list())];
    } catch (error) {
      // Models are there without the world.
      if (models.length === 0 || !EngineError.is(error)) throw error;
      return models;
    }
  };
  return {
    list,
    find: async (name, mustBeListed = false) => {
      const model = byName.get(name);
      if (model !== undefined) return model;
      if (agents !== undefined && !mustBeListed && name.startsWith(agentPrefix))
        return agents.respondent(name);
      const known = (await list()).map((listed) => listed.name);
      throw fail("WE_SERVE_MODEL", { model: name.slice(0, 120), advice: adviceFor(name, known, "models") });
    },
  };
}
