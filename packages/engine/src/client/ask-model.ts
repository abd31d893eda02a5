/**
 * Models that no file of this machine is, without a world: asks one of them once, as an agent would, and looks whether
 * a server is there. Nothing is kept or taken from earlier runs.
 */

import { get } from "node:http";
import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { AdapterService } from "../adapters/adapter-service.js";
import type { AdapterAnswer, AdapterRequest, ModelAdapterSetup } from "../adapters/contract.js";
import { serverProbeMs } from "../adapters/limits.js";

/** @throws what the adapter has against its setup */
export async function askModel(
  setup: ModelAdapterSetup,
  baseDirectory: string,
  json: string,
): Promise<AdapterAnswer> {
  let settle: (answer: AdapterAnswer) => void = () => undefined;
  const answered = new Promise<AdapterAnswer>((resolve) => (settle = resolve));
  const plain = setup.kind === "openai" ? { ...setup, reuse: false } : setup;
  const service = await AdapterService.open([plain], { baseDirectory, askAnew: true }, (news) => {
    if (news.kind === "answer") settle(news.answer);
  });
  const request: AdapterRequest = {
    id: "0".repeat(64),
    kind: "inference",
    agentId: "try" as AgentId, // an id of the right form
    name: setup.name,
    tick: 0,
    encoding: Encoding.JSON,
    payload: encodeUtf8(json),
    seed: 0,
  };
  try {
    service.ask(0, request);
    return await answered;
  } finally {
    await service.close();
  }
}

/** Whether something answers at the address of a server on this machine; undefined for one elsewhere. */
export async function probeServer(url: string): Promise<boolean | undefined> {
  const { hostname, protocol } = new URL(url);
  if (protocol !== "http:" || !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return undefined;
  return await new Promise((resolve) => {
    const request = get(`${url}/models`, { timeout: serverProbeMs, agent: false }, (response) => {
      response.resume();
      request.destroy();
      resolve(true);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
