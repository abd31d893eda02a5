/** `model bench CONFIG NAME JSON`: how long a request takes, alone and beside others, and how much that varies. */

import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { InferenceService, ModelFacts } from "@wasm-engine/core";
import type { Outcome } from "../command.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

const warmups = 3;
const runsMin = 10;
const runsMax = 1000;
/** Time after which enough was measured. */
const enoughMs = 2000;
const joinedSizes = [2, 4, 8, 16, 32] as const;

export interface BenchQuestion {
  readonly name: string;
  readonly json: string;
  readonly facts: ModelFacts;
}

interface Spread {
  readonly runs: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  /** Half of the middle four fifths, as a share of the median. */
  readonly variation: number;
}

export async function benchModel(
  service: InferenceService,
  { name, json, facts }: BenchQuestion,
): Promise<Outcome> {
  const request = { encoding: Encoding.JSON, payload: encodeUtf8(json) };
  const run = async (count: number): Promise<string | undefined> => {
    const { responses } = await service.run(name, new Array<typeof request>(count).fill(request));
    const failed = responses.find((response) => !response.ok);
    return failed?.ok === false ? failed.message : undefined;
  };
  for (let warmup = 0; warmup < warmups; warmup += 1) {
    const message = await run(1);
    if (message === undefined) continue;
    const document = { ok: false, model: name, provider: facts.provider, message };
    return { document, text: visible(message), exitCode: 1 };
  }
  const alone = await spreadOf(() => run(1));
  const joined = [];
  for (const requests of joinedSizes) {
    const { min } = await spreadOf(() => run(requests));
    joined.push({ requests, msPerRequest: min / requests, ratioToAlone: alone.min / (min / requests) });
  }
  const { provider, batchMode, refused } = facts;
  const document = { ok: true, model: name, provider, refused, batchMode, aloneMs: alone, joined };
  const rows = [
    [1, ms(alone.min), ms(alone.median), ms(alone.p99), `±${(alone.variation * 100).toFixed(1)} %`, "1.0"],
    ...joined.map(({ requests, msPerRequest, ratioToAlone }) => [
      requests,
      ms(msPerRequest),
      "",
      "",
      "",
      ratioToAlone.toFixed(1),
    ]),
  ];
  const header = ["requests", "ms each", "median", "p99", "variation", "throughput"];
  const text = `${name} on ${provider}, requests of a tick joined: ${batchMode}\n${textTable(header, rows)}`;
  return { document, text };
}

async function spreadOf(run: () => Promise<unknown>): Promise<Spread> {
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < runsMax && (times.length < runsMin || performance.now() - begin < enoughMs / 4)) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((left, right) => left - right);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const median = at(0.5);
  const variation = median === 0 ? 0 : (at(0.9) - at(0.1)) / 2 / median;
  return { runs: times.length, min: at(0), median, p99: at(0.99), variation };
}

const ms = (value: number): string => (value < 10 ? value.toFixed(3) : value.toFixed(1));
