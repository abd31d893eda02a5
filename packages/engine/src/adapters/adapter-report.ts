/** Adapters as reports and side records show them. Addresses, paths and secrets are not part of it. */

import type { Json } from "@wasm-engine/core";
import type { ModelReport } from "../inference/contract.js";
import type { Delivery } from "../world/contract.js";
import type { AdapterHost } from "./adapter-host.js";
import type { AdapterSetup } from "./contract.js";

/** What answers a tool, or a model that is no file of this machine. */
export interface AdapterReport {
  readonly name: string;
  readonly serves: AdapterSetup["serves"];
  readonly provider: AdapterSetup["kind"];
  readonly delivery: Delivery;
  readonly latencyTicks: number;
  /** Hex SHA-256 over what decides its answers, where that is known. */
  readonly identity?: string;
  /** Of tools: a call may be repeated after a crash. */
  readonly idempotent?: boolean;
}

/** True for a model that this machine executes: a folder with an ONNX file. */
export function isLocalModel(report: ModelReport | AdapterReport): report is ModelReport {
  return "fingerprint" in report;
}

/** Kind of the side records that {@link adaptersOf} reads. */
export const adaptersRecordKind = "adapters";

/** `delivery`: what holds where a setup says nothing. */
export function adapterReports(
  host: AdapterHost,
  delivery: (setup: AdapterSetup) => Delivery,
): readonly AdapterReport[] {
  return host.setups.map((setup, index) => {
    const { name, serves, kind: provider, latencyTicks = 1 } = setup;
    const { identity } = host.factsOf(index);
    const known = identity === undefined ? {} : { identity };
    const idempotent = isTool(setup) ? { idempotent: host.isRepeatable(index) } : {};
    return { name, serves, provider, delivery: delivery(setup), latencyTicks, ...known, ...idempotent };
  });
}

/** Not what stands for one: that may always be asked again. */
export function isTool({ kind }: AdapterSetup): boolean {
  return kind === "tool" || kind === "program";
}

/** The adapters as a run last noted them. */
export function adaptersOf(
  records: readonly { readonly kind: string; readonly data: Json }[],
): readonly AdapterReport[] {
  const last = records.findLast(({ kind }) => kind === adaptersRecordKind);
  if (last === undefined) return [];
  return (last.data as unknown as { adapters: readonly AdapterReport[] }).adapters; // written by RunAdapters
}
