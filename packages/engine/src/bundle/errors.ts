/** Codes of bundles. */

import { errorFactory } from "@wasm-engine/abi";
import type { EngineError, ErrorTable } from "@wasm-engine/abi";
import type { Refuse } from "./byte-column.js";

export const BUNDLE_ERRORS = {
  WE_BUNDLE_DAMAGED: {
    message: 'The bundle "{path}" is damaged: {reason}',
    hint: "get the file again; nothing of it was used",
    exitCode: 3,
    explanation:
      "A bundle ends with a digest over all of it, lists a digest for each part, and holds a log whose chain must " +
      "come out as stated. One of these does not hold, or the file ends early, or a part has a name that no run has.",
  },
  WE_BUNDLE_EXISTS: {
    message: 'There is already something at "{path}"',
    hint: "choose another file with --out; a bundle is never overwritten",
    exitCode: 2,
    explanation: "A bundle may be evidence, so an existing file is left alone.",
  },
  WE_BUNDLE_FROM: {
    message: 'The run "{dir}" has no usable snapshot at or before tick {tick} to begin with; {found}',
    hint: "give a later tick with --from, or leave it out: the whole run is exported",
    exitCode: 2,
    explanation:
      "A run that begins later than its first tick begins with a snapshot: without it nothing could be executed.",
  },
  WE_BUNDLE_HERE: {
    message:
      'The run "{runId}" is here already, at "{dir}", and is another one: {found}; the bundle has {expected}',
    hint: "import it into a folder of its own with --dir; nothing was changed",
    exitCode: 2,
    explanation:
      "A run of the same id is there, and its log ends elsewhere: it went on, or is the copy of an earlier state. An " +
      "import never replaces anything.",
  },
  WE_BUNDLE_NOT_OPENED: {
    message: '"{path}" is a bundle; this needs a run folder',
    hint: "unpack it first: wasm-engine open {path}",
    exitCode: 2,
    explanation:
      "The verbs replay, inspect, log, logs and verify-log take a bundle directly. What changes a run or goes on " +
      "with it needs the folder that `open` makes.",
  },
  WE_BUNDLE_READ: {
    message: 'The bundle "{path}" cannot be read: {cause}',
    hint: "check the path and its permissions",
    exitCode: 4,
    explanation: "The operating system refused to read the file, or it is not there.",
  },
  WE_BUNDLE_SIZE: {
    message: '"{path}": {what} would take {bytes} bytes; the limit is {bytesMax}',
    hint: "leave out snapshots, begin later with export --from, or copy the run folder as it is",
    exitCode: 5,
    explanation:
      "Bundles are packed and unpacked in memory. Sizes are checked before anything is unpacked, so that a small " +
      "file cannot claim a large one.",
  },
  WE_BUNDLE_UNWRITABLE: {
    message: '"{path}" cannot be written: {cause}',
    hint: "check the permissions and the free space of the folder",
    exitCode: 4,
    explanation:
      "Writing a bundle, or the run folder that it unpacks to, failed. Nothing incomplete is left behind.",
  },
  WE_BUNDLE_VERSION: {
    message: 'The bundle "{path}" has format {found}, this release reads {supported}',
    hint: "open it with the release that wrote it: {release}",
    exitCode: 4,
    explanation:
      "The number of the format and the release that wrote it stand at the same place in every format.",
  },
} as const satisfies ErrorTable;

export const bundleError: ReturnType<typeof errorFactory<typeof BUNDLE_ERRORS>> = errorFactory(BUNDLE_ERRORS);

/** Refuses the bundle at `path` as damaged. */
export function damaged(path: string): Refuse {
  return (reason) => {
    throw bundleError("WE_BUNDLE_DAMAGED", { path, reason });
  };
}

/** `what` of the bundle at `path` is larger than it may be. */
export function sizeError(
  path: string,
  what: string,
  size: { readonly bytes: number; readonly bytesMax: number },
): EngineError {
  return bundleError("WE_BUNDLE_SIZE", { path, what, ...size });
}
