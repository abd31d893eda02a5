/** What a figure was measured on. A figure without it says nothing. */

import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
}

export function machineFacts(): MachineFacts {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

export function machineLine({ processor, cores, memoryGiB, platform, node, v8 }: MachineFacts): string {
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node} (V8 ${v8})`;
}

/** Processes that wanted to run in the last minute, on average: beside a figure it says how quiet the machine was. */
export function machineLoad(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

/** The first line of every benchmark. */
export function headLine(
  bench: string,
  machine: MachineFacts,
  { quick, load }: { readonly quick: boolean; readonly load?: number },
): string {
  const busy = load === undefined ? "" : `, load ${load}`;
  return `${bench}: ${machineLine(machine)}${busy}${quick ? "; quick: figures mean nothing" : ""}`;
}
