/** A file of inputs for a fork, read once when the fork is made: what enters is kept with the fork, not the file. */

import type { Genesis, Input } from "@wasm-engine/core";
import { inputMapper } from "../inputs/input-mapper.js";
import { formatOfPath, readRecords } from "../inputs/record-reader.js";
import type { FieldRecord } from "../inputs/record-reader.js";

/** Topic of a record that names none. */
const defaultTopic = "message";

/**
 * The records of `path` as inputs after tick `at`: to the agent of member `to`, else published on `topic`; at `tick`,
 * else one tick after the other. The whole record is the payload.
 * @throws {WE_INPUT_READ} {WE_INPUT_SYNTAX} and what a record may have wrong
 */
export function givenInputs(path: string, genesis: Genesis, at: number): readonly Input[] {
  const format = formatOfPath(path) ?? "jsonl";
  const inputs: Input[] = [];
  for (const record of readRecords(path, { format })) {
    const has = (field: string): boolean => record.names().includes(field);
    const map = inputMapper(
      {
        path,
        format,
        topic: has("topic") ? "{topic}" : defaultTopic,
        ...(has("to") ? { to: "{to}" } : {}),
        ...(has("tick") ? { at: "tick" } : {}),
      },
      genesis,
    );
    inputs.push(inputOf(record, map, { at, count: inputs.length }));
  }
  return inputs.sort((left, right) => left.tick - right.tick);
}

function inputOf(
  record: FieldRecord,
  map: ReturnType<typeof inputMapper>,
  place: { readonly at: number; readonly count: number },
): Input {
  const { tick, body } = map(record);
  const first = place.at + 1;
  return { seq: place.count + 1, tick: Math.max(first, tick ?? first + place.count), body };
}
