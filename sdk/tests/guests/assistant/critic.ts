// Thinks for three ticks, then judges.
import { defineAgent, type Message } from "wasm-engine/agent";
import { judged } from "./judgement.js";

export const agent = defineAgent({
  state: { judged: 0 },
  async onMessage(message: Message<{ plan: string; facts: string }>, ctx) {
    await ctx.sleep(3);
    ctx.state.judged += 1;
    message.reply(judged(message.body, ctx.random("mood")));
  },
});
