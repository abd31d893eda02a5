/** Does nothing, when its cadence is due and when a timer of its own is: what is left is the engine's own time. */

import { Agent, Message, after, run } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Idle extends Agent {
  private period: i32 = 0;

  /** `phase` and `period` in ticks spread the timers of many agents evenly; without them there are none. */
  onStart(message: Message): void {
    this.period = <i32>message.json.number("period", 0);
    if (this.period > 0) after(1 + <i32>message.json.number("phase", 0), "beat", "");
  }

  onTimer(_message: Message): void {
    after(this.period, "beat", "");
  }
}

run(new Idle());
