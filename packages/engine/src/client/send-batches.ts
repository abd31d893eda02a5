/** Messages over the control socket, as many in one call as a line takes well. */

import { EngineError } from "@wasm-engine/abi";
import type { ErrorRecord } from "@wasm-engine/abi";
import { batchCharactersMax, batchMessagesMax } from "../control/limits.js";
import type { Acknowledgement } from "../world/control.js";
import type { ControlClient } from "./control-client.js";
import type { SendOutcome } from "./running-world.js";

type WireOutcome = Acknowledgement | { readonly error: ErrorRecord };

/** Sends messages, given as JSON texts; outcomes are in their order. */
export async function sendBatches(
  client: ControlClient,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<readonly SendOutcome[]> {
  const options = signal === undefined ? {} : { signal };
  const answers = await Promise.all(
    batchesOf(texts).map((batch) =>
      client.callText("sendMany", `{"messages":[${batch.join(",")}]}`, options),
    ),
  );
  return answers.flatMap((answer) => {
    const { outcomes } = answer as { readonly outcomes: readonly WireOutcome[] }; // spec/control.md
    return outcomes.map((outcome) =>
      "error" in outcome ? { error: EngineError.fromRecord(outcome.error) } : outcome,
    );
  });
}

function batchesOf(texts: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let characters = 0;
  for (const text of texts) {
    const isFull = batch.length >= batchMessagesMax || characters + text.length > batchCharactersMax;
    if (batch.length === 0 || isFull) {
      batches.push((batch = []));
      characters = 0;
    }
    batch.push(text);
    characters += text.length;
  }
  return batches;
}
