/**
 * Last station, in AssemblyScript: collects the ledger, computes every round for itself, and says whether the others
 * agree. It publishes the verdict and ends: code 0 where everything is right, else 1.
 */

import { Agent, JsonWriter, Message, exit, join, log, publish, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Notary extends Agent {
  private value: u32 = 0;
  private entries: u32 = 0;
  private agreeing: u32 = 0;

  onStart(message: Message): void {
    this.value = <u32>message.json.number("value");
    join("ledger");
  }

  onMessage(message: Message): void {
    if (message.topic == "ledger") this.enter(message);
    else this.judge(message);
  }

  /** One ledger entry: the round computed anew from the last value. */
  private enter(message: Message): void {
    this.entries += 1;
    const round = this.entries;
    const stamped = rotl<u32>((this.value * 1664525 + round) ^ (round * 0x9e3779b9), 7);
    if (message.json.number("round") == round && <u32>message.json.number("value") == stamped)
      this.agreeing += 1;
    this.value = stamped + round * round;
  }

  private judge(message: Message): void {
    const rounds = <u32>message.json.number("rounds");
    const value = <u32>message.json.number("value");
    const passed = rounds > 0 && this.entries == rounds && this.agreeing == rounds && value == this.value;
    const verdict = passed ? "PASS" : "FAIL";
    log(verdict);
    publish(
      "verdict",
      new JsonWriter()
        .text("verdict", verdict)
        .integer("rounds", this.entries)
        .integer("agreeing", this.agreeing)
        .integer("value", value)
        .integer("expected", this.value),
    );
    exit(passed ? 0 : 1);
  }

  describe(json: JsonWriter): void {
    json.integer("entries", this.entries).integer("agreeing", this.agreeing);
  }
}

run(new Notary());
