/** Creates and reopens the event log of a run, inline or with a writer thread. */

import { join } from "node:path";
import { assert } from "@wasm-engine/abi";
import { LogEncoder, beginLog, encodeBaseSegment, segmentIndex } from "@wasm-engine/core";
import type { BaseStart, Genesis, LogState } from "@wasm-engine/core";
import type { EventLog, LogOptions, RecoveredLog } from "./contract.js";
import { storageError } from "./errors.js";
import { repairLog, type LogPlace } from "./event-log-reader.js";
import { InlineEventLog } from "./inline-event-log.js";
import { SegmentWriter, type SegmentWriterStart } from "./segment-writer.js";
import { ThreadedEventLog } from "./threaded-event-log.js";

export interface OpenLogOptions extends LogOptions {
  /** True: a thread of its own writes. False: `poll` does. */
  readonly threaded: boolean;
}

/** A new log. Returns when the genesis is on the disk. @throws {WE_RUN_EXISTS} @throws {WE_LOG_FAILED} */
export function createEventLog(place: LogPlace, genesis: Genesis, options: OpenLogOptions): EventLog {
  const { system, logFolder } = place;
  system.makeFolder(logFolder);
  const segments = (system.list(logFolder) ?? []).filter((name) => segmentIndex(name) !== undefined);
  if (segments.length > 0) throw storageError("WE_RUN_EXISTS", { path: logFolder });
  return begin(place, beginLog(place.hasher, genesis, options.segmentBytes), options);
}

/**
 * A new log that begins where another one has given up what came before. Returns when its base is on the disk.
 * @throws {WE_LOG_FAILED}
 */
export function createBasedLog(place: LogPlace, base: BaseStart, options: OpenLogOptions): EventLog {
  place.system.makeFolder(place.logFolder);
  const bytes = encodeBaseSegment(0, base);
  assert(bytes !== undefined, "a base that stood in a log stands in another");
  const { genesisDigest, state } = base;
  const start = { genesisDigest, state, segment: 0, segmentBytes: bytes.length };
  return begin(
    place,
    { encoder: new LogEncoder(start, options.segmentBytes), bytes, genesisDigest },
    options,
  );
}

function begin(
  place: LogPlace,
  { encoder, bytes, genesisDigest }: ReturnType<typeof beginLog>,
  options: OpenLogOptions,
): EventLog {
  const { system } = place;
  const first = encoder.position - bytes.length;
  const start = { ...placeOf(place), genesisDigest, segment: 0, offset: 0, position: first };
  const writer = new SegmentWriter(system, start);
  if (writer.write(bytes) < bytes.length) {
    writer.close();
    throw storageError("WE_LOG_FULL", { cause: "no space is left for the genesis" });
  }
  writer.sync();
  return startLog(encoder, writer, { ...start, ...endOf(encoder.state, 0, bytes.length) }, options);
}

/**
 * Goes on with an existing log; a torn tail is cut first.
 * @throws {WE_LOG_DAMAGED} @throws {WE_RUN_NEVER_STARTED}
 */
export function openEventLog(
  place: LogPlace,
  options: OpenLogOptions,
): { readonly log: EventLog; readonly recovered: RecoveredLog } {
  const { log: recovered, verdict } = repairLog(place);
  const isSegmentGone = verdict.end.offset === 0;
  const segment = isSegmentGone ? verdict.end.segment - 1 : verdict.end.segment;
  const offset = isSegmentGone ? fileBytes(place, segment) : verdict.end.offset;
  const { genesisDigest } = recovered;
  const encoder = new LogEncoder(
    { genesisDigest, state: verdict.state, segment, segmentBytes: offset },
    options.segmentBytes,
  );
  const start = { ...placeOf(place), genesisDigest, ...endOf(verdict.state, segment, offset) };
  const writer = new SegmentWriter(place.system, start);
  writer.sync();
  return { log: startLog(encoder, writer, start, options), recovered };
}

function startLog(
  encoder: LogEncoder,
  writer: SegmentWriter,
  start: SegmentWriterStart,
  options: OpenLogOptions,
): EventLog {
  if (!options.threaded) {
    return new InlineEventLog({ encoder, writer, options, nowMs: () => performance.now() });
  }
  writer.close();
  return new ThreadedEventLog(encoder, start, options);
}

function placeOf({ logFolder, markPath }: LogPlace): Pick<SegmentWriterStart, "logFolder" | "markPath"> {
  return { logFolder, markPath };
}

function endOf(
  state: LogState,
  segment: number,
  offset: number,
): Pick<SegmentWriterStart, "segment" | "offset" | "position"> {
  return { segment, offset, position: state.position };
}

function fileBytes(place: LogPlace, segment: number): number {
  const name = (place.system.list(place.logFolder) ?? []).find((entry) => segmentIndex(entry) === segment);
  return name === undefined ? 0 : (place.system.read(join(place.logFolder, name))?.length ?? 0);
}
