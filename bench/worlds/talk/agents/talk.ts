/**
 * One of two who talk. Keeps every message that was said by either, as those who carry a conversation on must. What a
 * message says comes from outside, or is made up here by the rule of bench/src/conversation.ts.
 */

import { Agent, JsonWriter, Message, lookup, run, send } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

const CHARACTERS: i32 = 1000;
const MULTIPLIER: u32 = 1664525;
const ADDEND: u32 = 1013904223;

class Speaker extends Agent {
  private peer: u64 = 0;
  private steps: i32 = 0;
  private heard: Uint8Array[] = [];

  onStart(message: Message): void {
    this.peer = lookup(message.json.text("peer"));
    this.steps = <i32>message.json.number("steps");
    if (message.json.text("begins") == "true") this.speak(0);
  }

  onMessage(message: Message): void {
    if (message.topic == "tell") {
      this.say(message.payload);
      message.reply("said");
      return;
    }
    this.heard.push(message.payload);
    if (message.topic == "yours" && this.heard.length < this.steps) this.speak(this.heard.length);
  }

  private say(words: Uint8Array): void {
    this.heard.push(words);
    assert(send(this.peer, "mine", words) >= 0);
  }

  /** Says what belongs to the step, and gives the word to the other. */
  private speak(step: i32): void {
    const words = new Uint8Array(CHARACTERS);
    let state = <u32>step + 1;
    for (let at = 0; at < CHARACTERS; at += 6) {
      state = state * MULTIPLIER + ADDEND;
      for (let letter = 0; letter < 6 && at + letter < CHARACTERS; letter++)
        words[at + letter] = letter == 5 ? 0x20 : <u8>(97 + ((state >>> (letter * 5)) % 26));
    }
    this.heard.push(words);
    assert(send(this.peer, "yours", words) >= 0);
  }

  describe(json: JsonWriter): void {
    let checksum: u32 = 0;
    for (let index = 0; index < this.heard.length; index++) {
      const words = this.heard[index];
      for (let at = 0; at < words.length; at++) checksum = checksum * 31 + words[at];
    }
    json.integer("count", this.heard.length).integer("checksum", checksum);
  }
}

run(new Speaker());
