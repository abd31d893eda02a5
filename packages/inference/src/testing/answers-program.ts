/**
 * Prints one digest over the answers of several models on a provider, each request alone, all together and in reverse.
 * Run in processes of their own, by tests and under other versions of Node: node answers-program.js PROVIDER [NATIVE]
 */

import { createHash } from "node:crypto";
import type { ProviderName } from "@wasm-engine/core";
import { createInferenceService } from "../index.js";
import {
  answerText,
  batchScaled,
  folderOf,
  fourBit,
  mlp,
  rowRequests,
  softplusMean,
} from "./sample-models.js";

const [, , provider = "wasm", native] = process.argv;
const service = createInferenceService(native === undefined ? {} : { nativeFrom: [native] });
const models: readonly (readonly [string, Uint8Array, number])[] = [
  ["mlp", mlp(), 4],
  ["wide", mlp({ columns: 64, hidden: 96, classes: 7 }), 64],
  ["softplus", softplusMean(37), 37],
  ["scaled", batchScaled(8), 8],
  ["four-bit", fourBit(), 64],
];
const hash = createHash("sha256");
for (const [name, bytes, columns] of models) {
  using folder = folderOf(bytes);
  const providers = [provider as ProviderName]; // the test's word
  const facts = await service.load({ name, dir: folder.path, providers });
  const requests = rowRequests(70, columns);
  const together = (await service.run(name, requests)).responses.map(answerText);
  const reversed = (await service.run(name, [...requests].reverse())).responses.map(answerText).reverse();
  const alone: string[] = [];
  for (const request of requests) alone.push(answerText((await service.run(name, [request])).responses[0]));
  if (together.join() !== alone.join()) throw new TypeError(`${name}: batched answers differ from lone ones`);
  if (together.join() !== reversed.join()) throw new TypeError(`${name}: answers depend on their order`);
  hash.update(`${name} ${facts.batchMode} ${facts.fingerprint}\n${together.join("\n")}\n`);
}
await service.close();
process.stdout.write(`${hash.digest("hex")}\n`);
