/**
 * Stands for the thread of adapters in a world without threads: answers at once, and keeps outside of the world how
 * often every call was begun. Its answer is a function of the call alone.
 */

import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { AdapterEvent, AdapterHost } from "../../adapters/adapter-host.js";
import type { AdapterAnswer, AdapterRequest } from "../../adapters/contract.js";
import type { OpenedAdapters } from "../../adapters/open-adapters.js";

/** Calls by id, over all lives of a world. */
export type AskedLedger = Map<string, number>;

/** Adapters of one life. Without `isRepeatable` a call that was begun is never begun again. */
export function ledgerAdapters(ledger: AskedLedger, isRepeatable: boolean): OpenedAdapters {
  const known = new Set<string>();
  let events: AdapterEvent[] = [];
  const host = {
    setups: [{ kind: "scripted", serves: "inference", name: "m", path: "/rules.yaml" }],
    deaths: 0,
    factsOf: () => ({}),
    isRepeatable: () => isRepeatable,
    knows: (id: string) => known.has(id),
    answerOf: () => undefined,
    ask: (_adapter: number, request: AdapterRequest) => {
      known.add(request.id);
      ledger.set(request.id, (ledger.get(request.id) ?? 0) + 1);
      events.push({ kind: "answer", id: request.id, answer: answerTo(request) });
    },
    forget: (id: string) => void known.delete(id),
    poll: () => {
      const heard = events;
      events = [];
      return heard;
    },
    close: () => undefined,
  };
  // What RunAdapters calls; the class has private fields that nothing else can have.
  return { host: host as unknown as AdapterHost, delivery: () => "lockstep" };
}

function answerTo({ id, tick }: AdapterRequest): AdapterAnswer {
  return {
    ok: true,
    encoding: Encoding.JSON,
    payload: encodeUtf8(JSON.stringify({ id: id.slice(0, 8), tick })),
  };
}
