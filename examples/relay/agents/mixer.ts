/**
 * Second station, in AssemblyScript: mixes the value it is asked about, has the stamp (C) stamp it, and answers the
 * courier when the stamp has answered. The open question waits in a map, keyed by the request id.
 */

import { Agent, JsonWriter, Message, request, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Mixer extends Agent {
  private asked: Map<u64, Message> = new Map<u64, Message>();
  private rounds: i32 = 0;

  onMessage(message: Message): void {
    const round = <u32>message.json.number("round");
    const value = <u32>message.json.number("value");
    const mixed = value * 1664525 + round;
    const id = request(
      "stamp",
      "stamp",
      new JsonWriter().integer("round", round).integer("value", mixed),
      20,
    );
    this.asked.set(id, message);
  }

  onAnswer(answer: Message): void {
    const question = this.asked.get(answer.correlationId);
    this.asked.delete(answer.correlationId);
    if (answer.isError) {
      question.replyError(answer);
      return;
    }
    this.rounds += 1;
    question.reply(answer);
  }

  describe(json: JsonWriter): void {
    json.integer("rounds", this.rounds).integer("open", this.asked.size);
  }
}

run(new Mixer());
