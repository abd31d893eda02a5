/**
 * A world that was never disturbed, made from the configuration and not from the run folder: it is given the inputs of
 * a log at their ticks, and says where that leads and what it publishes.
 */

import type { Input } from "@wasm-engine/core";
import { departureLine } from "../../outputs/departure-line.js";
import { formatTime } from "../../time/virtual-time.js";
import type { ResolvedWorld } from "../../world/contract.js";
import { hex } from "../../world/report.js";
import { createParts } from "../../world/world-parts.js";

export interface TwinEnd {
  readonly chainHead: string;
  /** Lines of the output `topic`. */
  readonly output: string;
}

export function freshTwin(
  { genesis, modules }: ResolvedWorld,
  topic: string,
  ticks: Iterable<{ readonly tick: number; readonly inputs: readonly Input[] }>,
): TwinEnd {
  const instrumented = new Map([...modules].map(([digest, module]) => [digest, module.instrumented]));
  const parts = createParts({ genesis, modules: instrumented });
  const lines: Uint8Array[] = [];
  try {
    for (const { tick, inputs } of ticks) {
      const time = formatTime(genesis.epochNanos + BigInt(tick) * genesis.tickNanos);
      for (const departure of parts.world.step(tick, inputs).departures) {
        if (departure.kind === "publish" && departure.topic === topic)
          lines.push(departureLine(departure, time));
      }
    }
    return { chainHead: hex(parts.world.chainHead), output: Buffer.concat(lines).toString() };
  } finally {
    parts.close({ wait: true });
  }
}
