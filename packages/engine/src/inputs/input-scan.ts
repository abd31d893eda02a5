/** Reads a whole input file once: every record is checked before the first one enters the world. */

import { createHash } from "node:crypto";
import type { Genesis } from "@wasm-engine/core";
import type { InputSourceSpec } from "../world/contract.js";
import { inputMapper } from "./input-mapper.js";
import type { MappedRecord } from "./input-mapper.js";
import { keptBytesMax, recordOverheadBytes } from "./limits.js";
import { readRecords } from "./record-reader.js";

/** What a file holds. */
export interface InputScan {
  readonly sha256: string;
  readonly recordCount: number;
  /** Ticks never decrease from one record to the next. */
  readonly isSorted: boolean;
  readonly lastTick: number | undefined;
  /** Records whose receiver the genesis does not know: dead letters unless an agent of that id is spawned. */
  readonly strangerCount: number;
  /** The records in file order, where they fit into memory and were asked for. */
  readonly records: readonly MappedRecord[] | undefined;
}

/** @throws {WE_INPUT_READ} and the other codes of inputs, naming file and line. */
export function scanInput(spec: InputSourceSpec, genesis: Genesis, keep: boolean): InputScan {
  const map = inputMapper(spec, genesis);
  const hash = createHash("sha256");
  const known = new Set<string>(genesis.agents.map((agent) => agent.id));
  let kept: MappedRecord[] | undefined = keep ? [] : undefined;
  let keptBytes = 0;
  let recordCount = 0;
  let lastTick = -1;
  let isSorted = true;
  let strangerCount = 0;
  const seen = (bytes: Uint8Array): void => void hash.update(bytes);
  for (const record of readRecords(spec.path, { format: spec.format, seen })) {
    const mapped = map(record);
    const tick = mapped.tick ?? recordCount;
    isSorted &&= tick >= lastTick;
    lastTick = Math.max(lastTick, tick);
    if (mapped.body.kind === "message" && !known.has(mapped.body.to)) strangerCount += 1;
    recordCount += 1;
    keptBytes += payloadBytes(mapped) + recordOverheadBytes;
    if (keptBytes > keptBytesMax) kept = undefined;
    kept?.push(mapped);
  }
  const sha256 = hash.digest("hex");
  return {
    sha256,
    recordCount,
    isSorted,
    lastTick: lastTick < 0 ? undefined : lastTick,
    strangerCount,
    records: kept,
  };
}

function payloadBytes({ body }: MappedRecord): number {
  return body.kind === "message" || body.kind === "publish" ? body.payload.length : 0;
}
