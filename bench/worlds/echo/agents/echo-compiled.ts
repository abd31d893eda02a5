/** Counts a message and sends it on to its peer, in AssemblyScript. */

import { Agent, JsonWriter, Message, lookup, run, send } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Echo extends Agent {
  private peer: u64 = 0;
  private count: u32 = 0;

  onStart(message: Message): void {
    this.peer = lookup(message.json.text("peer"));
    send(this.peer, "", new Uint8Array(64));
  }

  onMessage(message: Message): void {
    this.count += 1;
    send(this.peer, "", message.payload);
  }

  describe(json: JsonWriter): void {
    json.integer("count", this.count);
  }
}

run(new Echo());
