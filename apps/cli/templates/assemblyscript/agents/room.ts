// A room that loses warmth every tick and asks the heater every tenth. AssemblyScript looks like TypeScript and is
// compiled to WebAssembly ahead of time: typed numbers, no closures, and no `await`. What an agent waits for, it
// keeps in its fields.
import {
  Agent,
  JsonWriter,
  Message,
  exit,
  log,
  publish,
  random,
  request,
  run,
  tick,
} from "@wasm-engine/sdk-assemblyscript";
// What the engine calls. Every agent has this line.
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Room extends Agent {
  private celsius: f64 = 20;
  private lastTick: f64 = 100;
  private heated: i32 = 0;

  // The `args` of engine.yaml.
  onStart(message: Message): void {
    this.celsius = message.json.number("celsius", this.celsius);
    this.lastTick = message.json.number("lastTick", this.lastTick);
  }

  // Called every tick: `every: 1` in engine.yaml.
  onCadence(_context: Message): void {
    this.celsius -= 0.05 + 0.1 * random(); // a stream of this agent: the same numbers in every run of one seed
    if (tick() % 10 == 0) request("heater", "reading", new JsonWriter().number("celsius", this.celsius));
    if (<f64>tick() >= this.lastTick) this.finish();
  }

  // The heater's answer. A request always gets exactly one: a result, or an error such as TIMEOUT.
  onAnswer(answer: Message): void {
    if (answer.isError) {
      log("no heat: " + answer.errorCode);
      return;
    }
    const degrees = answer.json.number("degrees");
    if (degrees == 0) return;
    this.celsius += degrees;
    this.heated += 1;
    log("heated to " + oneDecimal(this.celsius));
  }

  private finish(): void {
    publish("report", new JsonWriter().number("celsius", this.celsius).integer("heated", this.heated));
    log("ends at " + oneDecimal(this.celsius) + " after " + this.heated.toString() + " heatings");
    exit(0);
  }

  // For `wasm-engine inspect`.
  describe(json: JsonWriter): void {
    json.number("celsius", this.celsius).integer("heated", this.heated);
  }
}

function oneDecimal(value: f64): string {
  return (Math.round(value * 10) / 10).toString();
}

run(new Room());
