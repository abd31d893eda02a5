/** Codes of output files. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const OUTPUT_ERRORS = {
  WE_OUTPUT_OPEN: {
    message: "Output {file} cannot be opened: {cause}",
    hint: "check the folder and its permissions, or choose another file in `outputs`",
    exitCode: 4,
    explanation: "The operating system refused to create or open an output file or its folder.",
  },
  WE_OUTPUT_WRITE: {
    message: "Output {file} cannot be written: {cause}",
    hint: "make room or correct the permissions; nothing is lost, the run goes on from here when it is resumed",
    exitCode: 4,
    retryable: true,
    explanation:
      "Writing failed, for instance because the disk is full. What was not written is written on the next attempt.",
  },
  WE_OUTPUT_SHORT: {
    message: "Output {file} has {bytes} bytes; the run has already written {expected}",
    hint: "restore the file, or start a new run; a replay from tick 0 writes outputs anew",
    exitCode: 3,
    explanation: "The file was removed or cut since the run wrote it, so going on would leave a gap.",
  },
  WE_OUTPUT_FOREIGN: {
    message: "Output {file} holds something else at byte {offset}: expected {expected}, found {actual}",
    hint: "the file was changed or belongs to another run; move it away or choose another file in `outputs`",
    exitCode: 3,
    explanation:
      "After a crash, what the file already holds is compared with what the run writes. It differs, so the file was " +
      "edited, is shared with another run, or the log lost its last moments in a power cut under durability periodic.",
  },
} as const satisfies ErrorTable;

export const outputError: ReturnType<typeof errorFactory<typeof OUTPUT_ERRORS>> = errorFactory(OUTPUT_ERRORS);
