/** Codes of input files and of the tables that `each` reads. Every row names file and line. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const INPUT_ERRORS = {
  WE_INPUT_READ: {
    message: "Input {file} cannot be read: {cause}",
    hint: "check that the file exists, is a file and may be read",
    exitCode: 4,
    explanation: "The operating system refused to open or read an input file.",
  },
  WE_INPUT_COMPRESSION: {
    message: "Input {file} cannot be decompressed: {cause}",
    hint: "a .gz file must be complete, and at most {bytesMax} bytes unpacked; unpack larger files",
    exitCode: 2,
    explanation:
      "Compressed inputs are unpacked in memory, so their size is limited; a truncated file is refused.",
  },
  WE_INPUT_SYNTAX: {
    message: "{at}: {cause}",
    hint: "CSV follows RFC 4180 with a header line, JSON Lines has one JSON value per line; both are UTF-8",
    exitCode: 2,
    explanation: "A record of an input file is malformed. Nothing of the file has entered the world.",
  },
  WE_INPUT_FIELD: {
    message: "{at}: the record has no field {came}",
    hint: "{advice}",
    exitCode: 2,
    explanation: "A template, `at` or `fields` names a column or member that the record does not have.",
  },
  WE_INPUT_TIME: {
    message: "{at}: field {field} must be {expected}, got {came}",
    hint: "times are ISO 8601 (2001-01-31T09:30:00Z) or epoch milliseconds; ticks are whole numbers from 0",
    exitCode: 2,
    explanation:
      "The time of a record decides its tick, so it must be readable and not before the epoch of the clock.",
  },
  WE_INPUT_RECEIVER: {
    message: "{at}: the receiver must be an agent id, got {came}",
    hint: "check the template `to`: ids have letters, digits, dots, underscores, hyphens, the first a letter or digit",
    exitCode: 2,
    explanation:
      "The filled template of `to` is not an agent id. An id that no agent has is a dead letter instead.",
  },
  WE_INPUT_TOPIC: {
    message: "{at}: the topic must have 1 to {bytesMax} bytes, got {came}",
    hint: "check the template `topic`",
    exitCode: 2,
    explanation: "The filled template of `topic` is empty or too long.",
  },
  WE_INPUT_VALUE: {
    message: "{at}: field {field} must be {expected}, got {came}",
    hint: "use `type: text` for this field to pass it on as it is written",
    exitCode: 2,
    explanation:
      "A value is not the number it is declared to be, or is an integer beyond 2^53 that a number would change.",
  },
  WE_INPUT_RECORD_SIZE: {
    message: "{at}: the record has {bytes} bytes; at most {bytesMax} fit into a message",
    hint: "split the record; in CSV a quote that is never closed looks like one long record",
    exitCode: 5,
    explanation: "A record becomes one message, and messages have a fixed largest size.",
  },
  WE_INPUT_UNSORTED: {
    message: "Input {file} is not sorted by time and holds more than {bytesMax} bytes of records",
    hint: "sort the file by its `at` column; smaller files are sorted for you",
    exitCode: 5,
    explanation:
      "Records enter in the order of their ticks. Unsorted files are sorted in memory, up to a limit.",
  },
  WE_INPUT_CHANGED: {
    message: "Input {file} has changed since the run began: SHA-256 {expected}, now {actual}",
    hint: "restore the file to resume this run, or start a new run",
    exitCode: 3,
    explanation:
      "A run takes up its inputs where it stopped; records of another file would not continue the same history.",
  },
} as const satisfies ErrorTable;

export const inputError: ReturnType<typeof errorFactory<typeof INPUT_ERRORS>> = errorFactory(INPUT_ERRORS);
