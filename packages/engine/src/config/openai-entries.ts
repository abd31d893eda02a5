/** Entries of `models` that are servers with the interface of OpenAI: address, model, key, and who may be asked. */

import type { OpenAiSetup } from "../adapters/contract.js";
import { callsAtOnceDefault, modelTimeoutMsDefault } from "../adapters/limits.js";
import type { ConfigContext } from "./config-context.js";
import type { ModelFileEntry } from "./config-file.js";
import { shown } from "./problem.js";
import { resolveSecret } from "./secret-entries.js";
import type { Path } from "./yaml-document.js";

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export interface NamedServer {
  readonly name: string;
  /** Of the entry. */
  readonly path: Path;
  /** Of the address. */
  readonly at: Path;
  readonly entry: ModelFileEntry;
}

/** The adapter of an entry that has `openai`; undefined with a problem noted. */
export function resolveOpenAi(
  context: ConfigContext,
  { name, path, at, entry }: NamedServer,
): OpenAiSetup | undefined {
  const { delivery, latencyTicks, timeoutMs = modelTimeoutMsDefault, parameters = {} } = entry;
  const written = entry.openai ?? "";
  const hash = written.indexOf("#");
  const model = entry.model ?? (hash === -1 ? "" : decoded(written.slice(hash + 1)));
  const url = addressOf(context, at, hash === -1 ? written : written.slice(0, hash));
  const key = entry.key === undefined ? undefined : resolveSecret(context, [...path, "key"], entry.key);
  if (model === "") {
    const advice = "write openai:URL#NAME, or `model: NAME` in the map";
    context.add("WE_CONFIG_KEY_MISSING", at, { expected: "the name of the model at the server", advice });
    return undefined;
  }
  if (url === undefined) return undefined;
  if (entry.remote !== true && !loopback.test(url.hostname)) {
    context.add("WE_CONFIG_MODEL_REMOTE", at, { host: url.hostname, name });
    return undefined;
  }
  return {
    kind: "openai",
    serves: "inference",
    name,
    url: url.href.replace(/\/+$/, ""),
    model,
    parameters,
    timeoutMs,
    concurrency: entry.concurrency ?? callsAtOnceDefault,
    reuse: entry.reuse ?? true,
    secrets: key === undefined ? {} : { key },
    ...(delivery === undefined ? {} : { delivery }),
    ...(latencyTicks === undefined ? {} : { latencyTicks }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is no plain address is refused without showing it: it may hold a password. */
function addressOf(context: ConfigContext, at: Path, text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const expected = "an address such as http://127.0.0.1:11434/v1";
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const advice = "it begins with http:// or https:// and ends before /chat/completions";
    const came = text.includes("@") ? "a text that is not shown here" : shown(text);
    context.add("WE_CONFIG_VALUE", at, { expected, came, advice });
    return undefined;
  }
  if (url.username !== "" || url.password !== "" || url.search !== "") {
    const came = "one with user, password or query, which is not shown here";
    const advice = "give the key with `key: { env: NAME }` or `key: { file: PATH }`";
    context.add("WE_CONFIG_VALUE", at, { expected, came, advice });
    return undefined;
  }
  return url;
}
