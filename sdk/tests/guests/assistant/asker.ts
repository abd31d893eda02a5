// Asks questions one after the other and publishes the answers.
import { defineAgent } from "wasm-engine/agent";

export const agent = defineAgent({
  capabilities: ["topics"],
  state: { asked: 0 },
  async onStart(message, ctx) {
    for (const text of message.body.questions) {
      ctx.state.asked += 1;
      const { body } = await ctx.ask("answerer", { text });
      ctx.publish("answers", body);
    }
  },
});
