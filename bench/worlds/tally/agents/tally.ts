/** Counts the messages that it is given and adds up their bytes: the least that shows that each arrived once. */

import { Agent, JsonWriter, Message, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Tally extends Agent {
  private count: u32 = 0;
  private bytes: u64 = 0;

  onMessage(message: Message): void {
    this.count += 1;
    this.bytes += message.payloadBytes;
  }

  describe(json: JsonWriter): void {
    json.integer("count", this.count).integer("bytes", this.bytes);
  }
}

run(new Tally());
