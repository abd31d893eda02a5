/** Program that measures one peer in a process of its own: `peer-runner.js PEER TARGET_MS`; a line of JSON per size. */

import { pathToFileURL } from "node:url";
import { timeRing } from "./limits/timed-ring.js";
import type { RingForm } from "./limits/timed-ring.js";

/** What bench/peers/<peer>/ring.mjs offers. */
interface Peer {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly form: RingForm;
}

const [path = "", targetMs = "2000", onlySize = ""] = process.argv.slice(2);
const { name, sizes, form } = (await import(pathToFileURL(path).href)) as Peer; // see Peer
for (const stations of onlySize === "" ? sizes : [Number(onlySize)]) {
  const figure = await timeRing({ name, form }, { stations, targetMs: Number(targetMs) });
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}
