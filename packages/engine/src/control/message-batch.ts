/**
 * Many messages in one call: each is checked, logged and answered as a `send` of its own would be, in their order.
 * What is against one of them is its outcome and concerns no other.
 */

import { EngineError } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import type { ControlRequest, ReceiverReport } from "../world/control.js";
import type { Answer, CallDesk, Settle } from "./call-desk.js";
import { fail } from "./errors.js";
import type { MessageCheck } from "./message-check.js";
import type { MethodParams } from "./method-contract.js";
import { batchedMessage } from "./methods.js";
import { paramsProblems } from "./params-schema.js";
import { isRecord } from "./record.js";
import { problemText } from "./schema-problem.js";

/** What is asked of the world for one message, or what is against it. */
export type BatchEntry = { readonly request: ControlRequest } | { readonly error: EngineError };

const problemsOf = paramsProblems(batchedMessage.params);

/** The messages of `params`, which fit the schema of the batch; each is held against that of a message here. */
export function batchEntries({ messages }: MethodParams, genesis: Genesis): readonly BatchEntry[] {
  const given = messages as readonly unknown[]; // the schema of the batch
  return given.map((message) => attempted(() => ({ request: requestOf(message, genesis) })));
}

/** Holds the bodies against what modules declare. Every receiver is looked for once. */
export async function checkedEntries(
  entries: readonly BatchEntry[],
  { desk, messages }: { readonly desk: CallDesk; readonly messages: MessageCheck },
): Promise<readonly BatchEntry[]> {
  const modules = new Map<string, Promise<ModuleDigest | undefined>>();
  const moduleOf = (agent: string): Promise<ModuleDigest | undefined> => {
    const known = modules.get(agent) ?? askedModule(desk, agent);
    modules.set(agent, known);
    return known;
  };
  return Promise.all(
    entries.map(async (entry) => {
      if ("error" in entry || entry.request.method !== "input" || entry.request.known !== true) return entry;
      const { body } = entry.request;
      if (body.kind !== "message") return entry;
      const module = await moduleOf(body.to);
      return attempted(() => {
        if (module !== undefined) messages.check(module, body);
        return entry;
      });
    }),
  );
}

/** Asks the world for all of them and settles once each has its outcome. Returns the number of the last call. */
export function startBatch(
  entries: readonly BatchEntry[],
  desk: CallDesk,
  settle: Settle,
): number | undefined {
  const outcomes: unknown[] = [];
  let left = entries.length;
  const take = (place: number, answer: Answer): void => {
    outcomes[place] = answer.ok ? answer.value : { error: answer.error.toRecord() };
    left -= 1;
    if (left === 0) settle({ ok: true, value: { outcomes } });
  };
  let last: number | undefined;
  for (const [place, entry] of entries.entries()) {
    if ("error" in entry) take(place, { ok: false, error: entry.error });
    else last = desk.call(entry.request, (answer) => take(place, answer));
  }
  if (entries.length === 0) settle({ ok: true, value: { outcomes } });
  return last;
}

function requestOf(message: unknown, genesis: Genesis): ControlRequest {
  const problems = problemsOf(message);
  const [request] =
    isRecord(message) && problems.length === 0 ? batchedMessage.requests(message, genesis) : [];
  if (request !== undefined) return request;
  throw fail("WE_CONTROL_PARAMS", { method: "sendMany", problems: problemText(problems) });
}

function askedModule(desk: CallDesk, agent: string): Promise<ModuleDigest | undefined> {
  return new Promise((resolve) => {
    desk.call({ method: "receiver", agent }, (answer) => {
      resolve(answer.ok ? (answer.value as ReceiverReport).module : undefined); // the session answers so
    });
  });
}

function attempted(make: () => BatchEntry): BatchEntry {
  try {
    return make();
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return { error };
  }
}
