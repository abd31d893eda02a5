/** Error codes of adapters of models: what keeps a world from being opened. What fails later is an answer. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const MODEL_ADAPTER_ERRORS = {
  WE_MODEL_KEY: {
    message: "The key of model {name} has a character that no header can carry",
    hint: "check that the file or variable holds the key alone, without line breaks or spaces in it",
    exitCode: 2,
    explanation:
      "The key is sent as a header of HTTP, which takes printable characters only. The key itself is not shown.",
  },
  WE_RULES_READ: {
    message: "Rules {path} cannot be read: {cause}",
    hint: "check that it is a file and that its permissions allow reading",
    exitCode: 4,
    explanation:
      "A scripted model or tool takes its answers from a file of rules, which is read when a world opens.",
  },
  WE_RULES_SIZE: {
    message: "Rules {path} have {bytes} bytes; a file of rules has at most {bytesMax}",
    hint: "split the rules over several models or tools, or shorten the answers",
    exitCode: 5,
    explanation:
      "A file of rules is read and checked whole; the limit keeps a wrong path from eating memory.",
  },
  WE_RULES_INVALID: {
    message: "Rule {rule}: {member} must be {expected}, got {came}",
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "Rules that a program has written are checked like those of a file; the number counts from 0.",
  },
  WE_RECORDING_READ: {
    message: "{name} cannot answer from {path}: {cause}",
    hint: "name the folder of a run, or a bundle; `wasm-engine replay` tells whether it is whole ({code})",
    exitCode: 4,
    explanation:
      "An entry with `recorded` executes another run again to learn which requests its answers belong to. That run " +
      "could not be read, is damaged, or does not replay.",
  },
} as const satisfies ErrorTable;

export const modelAdapterError: ReturnType<typeof errorFactory<typeof MODEL_ADAPTER_ERRORS>> =
  errorFactory(MODEL_ADAPTER_ERRORS);
