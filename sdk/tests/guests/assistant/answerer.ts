// The agent of the documentation, as a user writes it: three requests and a sleep, and nothing about crashes.
import { defineAgent, type Message } from "wasm-engine/agent";

type Question = { text: string };

export const agent = defineAgent({
  capabilities: ["models", "tools"],
  state: { answered: 0 },
  async onMessage(message: Message<Question>, ctx) {
    const plan = await ctx.chat("writer", [{ role: "user", content: message.body.text }], { maxTokens: 64 });
    const facts = await ctx.tool("search", { query: plan.text });
    const check = await ctx.ask("critic", { plan: plan.text, facts }, { timeoutTicks: 300 });
    await ctx.sleep(10);
    ctx.state.answered += 1;
    message.reply({ answer: check.body.verdict });
  },
});
