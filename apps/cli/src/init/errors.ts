/** Codes of `init`. */

import type { ErrorTable } from "@wasm-engine/abi";
import { errorFactory } from "@wasm-engine/abi";

export const INIT_ERRORS = {
  WE_INIT_NAME: {
    message: "A project cannot be named {name}",
    hint: "give one with --name: lower-case letters, digits, dots, underscores and hyphens, the first a letter or digit, at most 63",
    exitCode: 2,
    explanation:
      "The name goes into package.json and engine.yaml. Without --name it is made of the folder's name, where that leaves something. Nothing was written.",
  },
  WE_INIT_TEMPLATE: {
    message: "There is no template {template}",
    hint: "the templates are: {templates}",
    exitCode: 2,
    explanation: "`init` makes a project of one of the templates that come with it. Nothing was written.",
  },
  WE_INIT_FOLDER_TAKEN: {
    message: "{folder} is not empty: {entries}",
    hint: "name a new folder, as in: wasm-engine init {suggestion}",
    exitCode: 2,
    explanation:
      "`init` writes into a folder that is new or empty, or that holds nothing but .git, and overwrites nothing. Nothing was written.",
  },
  WE_INIT_FOLDER_WRITE: {
    message: "{path} cannot be written: {cause}",
    hint: "name a folder that may be written to and has room",
    exitCode: 4,
    explanation:
      "A folder or file of the project could not be made. What had been made of it before is removed again.",
  },
  WE_INIT_INTERRUPTED: {
    message: "Interrupted; nothing was written",
    hint: "run wasm-engine init again, with --yes where nothing should be asked",
    exitCode: 130,
    explanation: "Ctrl-C or the end of the input came while `init` was asking.",
  },
  WE_INIT_INSTALL_INTERRUPTED: {
    message: "Interrupted while packages were installed; the project in {folder} is whole",
    hint: "go on with: {resume}",
    exitCode: 130,
    explanation: "Every file of the project was written. Only npm install did not end; it can be run again.",
  },
  WE_INIT_INSTALL: {
    message: "Packages could not be installed: {cause}",
    hint: "the project in {folder} is whole; when the cause is mended, go on with: {resume}",
    exitCode: 4,
    explanation:
      "Every file of the project was written; its packages could not be installed. What npm said is shown above the error. Often the registry cannot be reached, or is another than npm is configured for.",
  },
} as const satisfies ErrorTable;

/** Makes an error of this table. */
export const fail = errorFactory(INIT_ERRORS);
