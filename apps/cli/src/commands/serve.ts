/** `serve`: models of this machine and agents of a running world behind the interface of OpenAI, until it is ended. */

import { PROVIDER_NAMES } from "@wasm-engine/core";
import type { ProviderName } from "@wasm-engine/core";
import { readServingToken, servedModels, startServing } from "@wasm-engine/engine";
import type { ServedRequest, Serving, ServingOptions } from "@wasm-engine/engine";
import type { CommandContext, CommandFunction, Outcome, Parsed } from "../command.js";
import { flagOption, integerOption, listOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { liveRunOf } from "../live-world.js";
import { visible } from "../visible.js";

const portMax = 65_535;

export const serve: CommandFunction = async (context) => {
  const { parsed, reporter, signal } = context;
  const isFollowing = flagOption(parsed, "follow");
  const totals = { requests: 0, failures: 0, promptTokens: 0, completionTokens: 0 };
  const options = await optionsOf(context);
  await using serving = await startServing({
    ...options,
    onRequest: (request) => {
      totals.requests += 1;
      totals.failures += request.status >= 400 ? 1 : 0;
      totals.promptTokens += request.promptTokens;
      totals.completionTokens += request.completionTokens;
      if (isFollowing) reporter.row({ event: "request", ...request }, requestLine(request));
    },
  });
  const facts = factsOf(serving, options);
  if (isFollowing) reporter.row({ event: "listening", ...facts }, `listening at ${serving.url}`);
  else tell(serving, options, context);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await serving.close();
  return closed({ ...facts, ...totals }, isFollowing, context);
};

interface Facts {
  readonly url: string;
  readonly port: number;
  readonly models: readonly string[];
  readonly run?: string;
}

function factsOf({ url, port, models }: Serving, { run }: ServingOptions): Facts {
  return { url, port, models: models.map(({ name }) => name), ...(run === undefined ? {} : { run }) };
}

function closed(
  document: Facts & { readonly requests: number; readonly failures: number },
  isFollowing: boolean,
  { reporter }: CommandContext,
): Outcome {
  const { requests, failures } = document;
  const text = `closed after ${requests} requests, ${failures} of them refused or failed`;
  if (isFollowing) reporter.row({ event: "closed", ...document }, text);
  return { document, text, streamed: isFollowing };
}

async function optionsOf({ parsed, reporter }: CommandContext): Promise<ServingOptions> {
  const config = textOption(parsed, "modelsOf");
  const run = textOption(parsed, "run");
  const named = parsed.arguments.filter((text) => text !== undefined);
  if (named.length === 0 && config === undefined && run === undefined)
    throw usageError("serve", "nothing to serve: name a model, --models-of CONFIG, or --run RUN");
  const providers = providersOf(parsed);
  const { models, inference, leftOut } = await servedModels({
    named,
    directory: process.cwd(),
    ...(config === undefined ? {} : { config }),
    ...(providers.length === 0 ? {} : { providers }),
  });
  if (leftOut.length > 0)
    reporter.warn(`not served, because they are no folders: ${visible(leftOut.join(", "))}`);
  const port = integerOption(parsed, "port") ?? 0;
  if (port > portMax) throw usageError("serve", `--port is at most ${portMax}, not ${port}`);
  const tokenFile = textOption(parsed, "tokenFile");
  const seconds = integerOption(parsed, "timeout");
  return {
    models,
    inference,
    port,
    origins: listOption(parsed, "cors"),
    ...(run === undefined ? {} : { run: liveRunOf(run) }),
    ...(tokenFile === undefined ? {} : { token: await readServingToken(tokenFile) }),
    ...(seconds === undefined ? {} : { agentTimeoutMs: seconds * 1000 }),
  };
}

function providersOf(parsed: Parsed): readonly ProviderName[] {
  return listOption(parsed, "provider").map((name) => {
    const known = PROVIDER_NAMES.find((provider) => provider === name);
    if (known !== undefined) return known;
    throw usageError(
      "serve",
      `--provider is one of ${PROVIDER_NAMES.join(", ")}, not ${JSON.stringify(name)}`,
    );
  });
}

function tell({ url, models }: Serving, { run, token }: ServingOptions, { reporter }: CommandContext): void {
  const behind = models.map(({ name, provider }) => `${visible(name)} (${provider})`);
  if (run !== undefined) behind.push(`agent/NAME of ${run}`);
  reporter.note(`listening at ${url}${token === undefined ? "" : ", with a token"}`);
  reporter.note(`serving ${behind.join(", ")}; Ctrl-C ends it`);
}

function requestLine(request: ServedRequest): string {
  const { method, path, model = "", status, ms, promptTokens, completionTokens } = request;
  const { code = "", problem = "" } = request;
  const tokens = promptTokens + completionTokens > 0 ? `${promptTokens}+${completionTokens} tokens` : "";
  return visible(
    [method, path, model, status, `${ms} ms`, tokens, code, problem].filter((part) => part !== "").join("  "),
  );
}
