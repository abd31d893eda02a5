/** Counts messages per word and answers how often it has seen one. */

import { Agent, JsonWriter, Message, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Counter extends Agent {
  private counts: Map<string, i32> = new Map<string, i32>();

  onMessage(message: Message): void {
    const word = message.json.text("word");
    const count = (this.counts.has(word) ? this.counts.get(word) : 0) + 1;
    this.counts.set(word, count);
    if (message.answerWanted) message.reply(new JsonWriter().text("word", word).integer("count", count));
  }

  describe(json: JsonWriter): void {
    json.integer("words", this.counts.size);
  }
}

run(new Counter());
