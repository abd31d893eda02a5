// Decides how much to heat. Tested alone in tests/heater.test.js.
import { Agent, JsonWriter, Message, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Heater extends Agent {
  private target: f64 = 20;
  private readings: i32 = 0;

  onStart(message: Message): void {
    this.target = message.json.number("target", this.target);
  }

  onMessage(message: Message): void {
    this.readings += 1;
    const celsius = message.json.number("celsius");
    const degrees: f64 = celsius < this.target ? Math.min(this.target - celsius, 1) : 0;
    message.reply(new JsonWriter().number("degrees", degrees));
  }

  describe(json: JsonWriter): void {
    json.number("target", this.target).integer("readings", this.readings);
  }
}

run(new Heater());
