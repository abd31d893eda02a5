/**
 * Process that appends to a log with a writer thread until it is killed: goes on with the log in the folder it is
 * given, prints the sequence of the last durable input and the last durable tick after every poll.
 */

import { writeSync } from "node:fs";
import { join } from "node:path";
import { nodeHasher } from "../crypto/node-crypto.js";
import { createEventLog, openEventLog } from "../storage/event-log.js";
import type { LogPlace } from "../storage/event-log-reader.js";
import { errnoOf, nodeFileSystem } from "../storage/file-system.js";
import { LogScript, scriptGenesis } from "./log-script.js";

const [, , runFolder = ""] = process.argv;
const place: LogPlace = {
  system: nodeFileSystem,
  hasher: nodeHasher,
  runFolder,
  logFolder: join(runFolder, "log"),
  markPath: join(runFolder, "synced"),
};
const options = { durability: "sync", threaded: true, segmentBytes: 20_000 } as const;
const isNew = nodeFileSystem.list(place.logFolder) === undefined;
const { log, recovered } = isNew
  ? { log: createEventLog(place, scriptGenesis, options), recovered: undefined }
  : openEventLog(place, options);

/**
 * Starting a thread makes standard output a stream that does not block: where the reader gets no time to read, a write
 * finds it full and has to come again.
 */
function print(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
const script = new LogScript(nodeHasher);
for (let tick = 0; tick <= (recovered?.tick ?? -1); tick += 1) script.tick(tick);
const logged = recovered?.lastSeq ?? 0;
print(`${log.durableSeq} ${log.durableTick}`);
for (let tick = (recovered?.tick ?? -1) + 1; ; tick += 1) {
  for (const entry of script.tick(tick)) {
    if (entry.kind === "input" && entry.input.seq <= logged) continue;
    log.append(entry);
  }
  log.poll();
  if (log.ticksAhead > 50) log.waitForSync(log.records - 20);
  print(`${log.durableSeq} ${log.durableTick}`);
}
