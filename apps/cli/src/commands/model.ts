/** `model`: models of a configuration without a world (list, try, bench); for those of a project: added-models.ts. */

import { join } from "node:path";
import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { InferenceService } from "@wasm-engine/core";
import { askModel, loadModelSetups, modelSpecOf } from "@wasm-engine/engine";
import type { LoadedModels, ModelAdapterSetup } from "@wasm-engine/engine";
import { createInferenceService } from "@wasm-engine/inference";
import type { CommandContext, CommandFunction, Outcome } from "../command.js";
import { usageError } from "../errors.js";
import { withLiveWorld } from "../live-world.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";
import { addModel, listAdded, removeAdded, showAdded } from "./added-models.js";
import { benchModel } from "./model-bench.js";

export const model: CommandFunction = async (context) => {
  const [action = "", subject, name, json] = context.parsed.arguments;
  if (action === "add") return await addModel(context, subject);
  if (action === "show") return await showAdded(context, subject);
  if (action === "rm") return await removeAdded(context, subject);
  if (action === "list" && subject === undefined) return await listAdded(context);
  if (action === "swap") return await swapModel(context, { model: subject, by: name });
  if (action !== "list" && action !== "try" && action !== "bench") {
    const known = "add, list, show, rm, try, bench and swap";
    throw usageError("model", `model knows ${known}, not ${JSON.stringify(action)}`);
  }
  if (subject === undefined) throw usageError("model", `model ${action} needs CONFIG NAME JSON`);
  return await askConfigured(action, subject, { name, json });
};

/** An input of a running world. */
async function swapModel(
  { parsed, signal }: CommandContext,
  { model, by }: { readonly model: string | undefined; readonly by: string | undefined },
): Promise<Outcome> {
  if (model === undefined || by === undefined) throw usageError("model", "model swap needs NAME OTHER");
  return withLiveWorld(parsed, async (world) => {
    const document = await world.swapModel(model, by, { signal });
    return { document, text: `${by} answers what ${model} is asked from tick ${document.tick} on` };
  });
}

async function askConfigured(
  action: "list" | "try" | "bench",
  config: string,
  { name, json }: Pick<Question, "name" | "json">,
): Promise<Outcome> {
  const loaded = await loadModelSetups(config);
  const { baseDirectory, inference } = loaded;
  const nativeFrom = [join(baseDirectory, ".wasm-engine", "native"), baseDirectory];
  const service = createInferenceService({ nativeFrom, strict: inference.strict });
  try {
    if (action === "list") return await list(service, loaded);
    return await ask(service, { action, loaded, name, json });
  } finally {
    await service.close();
  }
}

async function list(service: InferenceService, { models: setups, served }: LoadedModels): Promise<Outcome> {
  const models = [];
  for (const setup of setups) {
    const facts = await service.load(await modelSpecOf(setup));
    models.push({ ...facts, latencyTicks: setup.latencyTicks ?? facts.latencyTicks });
  }
  const rows = models.map(({ name, version, provider, refused, latencyTicks, batchMode, digest }) => {
    const passed = refused.map((refusal) => `${refusal.provider}: ${visible(refusal.reason)}`).join("; ");
    return [name, version, provider, latencyTicks, batchMode, digest.slice(0, 12), passed];
  });
  const header = ["model", "version", "provider", "latency", "batches", "digest", "passed over"];
  const tables = [
    ...(rows.length > 0 || served.length === 0 ? [textTable(header, rows)] : []),
    ...(served.length === 0
      ? []
      : [textTable(["model", "kind", "asks", "delivery", "reuse"], served.map(servedRow))]),
  ];
  return { document: { models, served: served.map(servedFacts) }, text: tables.join("\n\n") };
}

/** Secrets and their places are not part of it. */
function servedFacts(setup: ModelAdapterSetup): ServedFacts {
  const { name, kind, delivery, latencyTicks = 1 } = setup;
  const place =
    kind === "openai"
      ? { url: setup.url, model: setup.model }
      : kind === "failing"
        ? { how: setup.how }
        : { path: setup.path };
  const held = delivery ?? (kind === "openai" ? "recorded" : "lockstep");
  return { name, kind, ...place, delivery: held, latencyTicks, reuse: kind === "openai" && setup.reuse };
}

interface ServedFacts {
  readonly name: string;
  readonly kind: ModelAdapterSetup["kind"];
  readonly url?: string;
  readonly model?: string;
  readonly path?: string;
  readonly how?: string;
  readonly delivery: string;
  readonly latencyTicks: number;
  readonly reuse: boolean;
}

function servedRow(setup: ModelAdapterSetup): readonly string[] {
  const { name, kind, url, model: wanted, path, how, delivery, reuse } = servedFacts(setup);
  const place = url === undefined ? (path ?? how ?? "") : `${url}#${wanted ?? ""}`;
  return [name, kind, visible(place), delivery, reuse ? "yes" : "no"];
}

/** A model behind a wire, or what stands for one. */
async function askServed(setup: ModelAdapterSetup, baseDirectory: string, json: string): Promise<Outcome> {
  const { name, kind: provider } = setup;
  const answer = await askModel(setup, baseDirectory, json);
  if (!answer.ok) {
    const { code, message } = answer;
    const document = { ok: false, model: name, provider, code, message };
    return { document, text: visible(`${code}: ${message}`), exitCode: 1 };
  }
  const text = decodeUtf8(answer.payload) ?? "";
  if (!isJson(text)) {
    const message = "the answer is no JSON";
    return { document: { ok: false, model: name, provider, message }, text: message, exitCode: 1 };
  }
  return { document: { ok: true, model: name, provider, answer: JSON.parse(text) as unknown }, text };
}

interface Question {
  readonly action: "try" | "bench";
  readonly loaded: LoadedModels;
  readonly name: string | undefined;
  readonly json: string | undefined;
}

async function ask(service: InferenceService, { action, loaded, name, json }: Question): Promise<Outcome> {
  if (name === undefined || json === undefined)
    throw usageError("model", `model ${action} needs CONFIG NAME JSON`);
  const setup = loaded.models.find((candidate) => candidate.name === name);
  const served = loaded.served.find((candidate) => candidate.name === name);
  if (setup === undefined && served === undefined) {
    const names = [...loaded.models, ...loaded.served].map((candidate) => candidate.name).join(", ");
    throw usageError("model", `there is no model ${JSON.stringify(name)}; the configuration has: ${names}`);
  }
  if (!isJson(json)) throw usageError("model", `the request is not JSON: ${json.slice(0, 80)}`);
  if (served !== undefined && action === "bench")
    throw usageError("model", "a server's time is its own: bench measures models in folders");
  if (served !== undefined) return await askServed(served, loaded.baseDirectory, json);
  if (setup === undefined) throw usageError("model", `there is no model ${JSON.stringify(name)}`);
  const facts = await service.load(await modelSpecOf(setup));
  if (action === "bench") return await benchModel(service, { name, json, facts });
  const { provider } = facts;
  const request = { encoding: Encoding.JSON, payload: encodeUtf8(json) };
  const { responses } = await service.run(name, [request]);
  const [response] = responses;
  if (response?.ok !== true) {
    const message = response?.message ?? "no answer";
    return { document: { ok: false, model: name, provider, message }, text: visible(message), exitCode: 1 };
  }
  const text = decodeUtf8(response.payload) ?? "";
  return { document: { ok: true, model: name, provider, answer: JSON.parse(text) as unknown }, text };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
