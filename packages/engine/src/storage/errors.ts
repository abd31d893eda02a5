/** Coded errors of storage. Rows are sorted by code; every row becomes a page of the reference. */

import { errorFactory, type ErrorTable } from "@wasm-engine/abi";

export const STORAGE_ERRORS = {
  WE_DISK_FULL: {
    message: 'No space is left for "{path}": {cause}',
    hint: "free some space; a world that is running goes on by itself, nothing is lost",
    exitCode: 4,
    retryable: true,
    explanation:
      "The disk, the quota or the table of open files is full. A running world stops ticking and accepting, " +
      "stays readable, and goes on without a restart when space returns. A run that was just being made or " +
      "opened is given up; try again with space.",
  },
  WE_LOG_CLOSED: {
    message: "The event log of the run is closed and takes no {what}",
    hint: "open the run again with run --resume",
    exitCode: 4,
    explanation: "Something was appended to an event log after its closing record was written.",
  },
  WE_LOG_FAILED: {
    message: "Writing the event log failed with {cause} ({operation})",
    hint: "check the disk and its mount, then continue with run --resume: everything acknowledged is there",
    exitCode: 4,
    explanation:
      "A write or sync of the event log failed. After a failed sync nobody knows what is on the disk, " +
      "so the engine stops at once and never syncs again; recovery reads what is really there.",
  },
  WE_LOG_FULL: {
    message: "The event log cannot grow: {cause}",
    hint: "free some space; the run goes on by itself, nothing is lost",
    exitCode: 4,
    retryable: true,
    explanation:
      "The disk, the quota or the table of open files is full. The world stops ticking and accepting, " +
      "stays readable, and goes on without a restart when space returns.",
  },
  WE_RUN_COMPACTED: {
    message:
      'The run at "{path}" begins after tick {tick}; {asked} was asked for, and compact gave up what came before',
    hint: "give a tick from {tick} on: replay --from {tick}, inspect --at {tick}, fork --at {tick}",
    exitCode: 2,
    explanation:
      "`compact` or `export --from` gave up the log before a snapshot. The run goes on, and every tick from that " +
      "snapshot on can be reached; what needs an earlier tick, or the run from its start, has nothing to execute. " +
      "The same happens where the snapshot at the beginning is gone or damaged: restore it from a copy.",
  },
  WE_RUN_EXISTS: {
    message: 'There is already something at "{path}"',
    hint: "choose another folder with --dir, or continue that run with run --resume",
    exitCode: 2,
    explanation:
      "A new run needs a folder of its own, which must not exist or must be empty; nothing is ever overwritten.",
  },
  WE_RUN_NESTED: {
    message: '"{path}" lies in the folder of the run "{run}"',
    hint: "choose a folder outside of any run with --dir",
    exitCode: 2,
    explanation:
      "A run within the folder of another one would be moved and removed with it, and no list of runs would show it.",
  },
  WE_RUN_FILE_DAMAGED: {
    message: 'The file "{path}" of the run does not read: {reason}',
    hint: "restore the run folder from a copy, or verify the log alone with verify-log",
    exitCode: 3,
    explanation:
      "A side file of the run (run.json, side.jsonl, a stored module) was changed or cut. The event " +
      "log itself is checked separately.",
  },
  WE_RUN_LOCKED: {
    message: 'The run at "{path}" is open in process {pid}',
    hint: "stop that process, or use its control socket; a lock of a dead process is removed by itself",
    exitCode: 4,
    explanation: "Two processes that append to one event log would destroy it, so the second is refused.",
  },
  WE_RUN_NEVER_STARTED: {
    message: 'The run at "{path}" never started: its event log holds no genesis',
    hint: "remove the folder and start the run again; nothing in it was acknowledged",
    exitCode: 4,
    explanation:
      "The process was interrupted before the genesis was on the disk, so there is nothing to continue.",
  },
  WE_RUN_NOT_FOUND: {
    message: 'There is no run at "{path}"',
    hint: "give the folder of a run, a unique prefix of a run id, or @last",
    exitCode: 2,
    explanation: "The folder does not exist or holds no run.json, so it is not a run.",
  },
  WE_RUN_UNWRITABLE: {
    message: 'The run folder "{path}" cannot be written: {cause}',
    hint: "check the permissions and the free space of the folder",
    exitCode: 4,
    explanation: "Creating or writing a file of the run folder failed.",
  },
} as const satisfies ErrorTable;

/** Makes the coded errors of storage. */
export const storageError: ReturnType<typeof errorFactory<typeof STORAGE_ERRORS>> =
  errorFactory(STORAGE_ERRORS);
