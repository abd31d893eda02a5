/** An inhabitant that speaks with the words of a model: when a speech has ended it wants the next one. */

import { JsonWriter, Message, infer, run } from "@wasm-engine/sdk-assemblyscript";
import { Npc } from "./npc-body";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Talker extends Npc {
  private tokens: i32 = 0;
  private speeches: i32 = 0;
  private parts: i32 = 0;
  private errors: i32 = 0;

  onStart(message: Message): void {
    super.onStart(message);
    this.tokens = <i32>message.json.number("tokens");
    this.ask();
  }

  onAnswer(answer: Message): void {
    if (!answer.isLast) {
      this.parts += 1;
      return;
    }
    if (answer.isError) this.errors += 1;
    this.speeches += 1;
    this.ask();
  }

  /** The end of a speech is no token of it: each has as many as are asked for. */
  private ask(): void {
    const asked = new JsonWriter()
      .text("prompt", "ROMEO:\nWhat light is this?")
      .raw("logitBias", '{"1":-100}')
      .number("temperature", 0.8)
      .boolean("stream", true)
      .integer("maxTokens", this.tokens);
    assert(infer("speech", asked, 0) > 0);
  }

  describe(json: JsonWriter): void {
    json.integer("speeches", this.speeches).integer("parts", this.parts).integer("errors", this.errors);
  }
}

run(new Talker());
