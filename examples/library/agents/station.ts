/** A weather station: keeps the mean of what it measures, publishes it, and answers what it knows. */

import { Agent, JsonWriter, Message, publish, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Station extends Agent {
  private readings: i32 = 0;
  private sum: f64 = 0;

  onMessage(message: Message): void {
    if (message.answerWanted) {
      message.reply(this.report());
      return;
    }
    this.sum += message.json.number("celsius");
    this.readings += 1;
    publish("mean", this.report());
  }

  private report(): JsonWriter {
    const mean = this.readings == 0 ? 0 : this.sum / this.readings;
    return new JsonWriter().integer("readings", this.readings).number("celsius", mean);
  }

  describe(json: JsonWriter): void {
    json.integer("readings", this.readings);
  }
}

run(new Station());
