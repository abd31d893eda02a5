// The agent of the documentation, as a user writes it: three requests and a sleep, and nothing about crashes. No tool has an
// adapter in this release, so what the refusal says stands for the facts.
import { AgentError, defineAgent, type Message } from "wasm-engine/agent";

type Question = { text: string };

export const agent = defineAgent({
  capabilities: ["models", "tools"],
  state: { answered: 0 },
  async onMessage(message: Message<Question>, ctx) {
    const plan = await ctx.chat("writer", [{ role: "user", content: message.body.text }], { maxTokens: 64 });
    const facts = await ctx.tool("search", { query: plan.text }).catch((error: AgentError) => error.code);
    const check = await ctx.ask("critic", { plan: plan.text, facts }, { timeoutTicks: 300 });
    await ctx.sleep(10);
    ctx.state.answered += 1;
    message.reply({ answer: check.body.verdict });
  },
});
