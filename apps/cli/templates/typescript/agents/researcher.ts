// Answers questions: searches, lets a model draft, has the draft judged, waits, tries again.
//
// Each question is one async function from its first line to its last. While it waits in an `await`, that is memory
// like any other: the run can be stopped, killed, resumed, replayed or forked there, and the function goes on.
import { AgentError, defineAgent, type ChatMessage, type Context, type Message } from "wasm-engine/agent";
import type { Answer, Fact, Question, Verdict } from "./messages";

const attemptsMax = 3;

export const agent = defineAgent({
  // What the module may ask for at all. engine.yaml grants it, agent by agent.
  capabilities: ["models", "tools", "topics"],
  // Plain data. `wasm-engine inspect` shows it, and a new version of this agent goes on with it.
  state: { answered: 0, failed: 0 },

  async onMessage(message: Message<Question>, ctx) {
    const { id, text } = message.body;
    try {
      const answer = await answerTo(text, ctx);
      ctx.state.answered += 1;
      ctx.log(`${id} after ${answer.attempts} drafts: ${answer.text}`);
      ctx.publish("answer", { id, question: text, ...answer });
    } catch (error) {
      // Every request has one answer, and one that is an error rejects: a timeout, a model that is not reached, …
      // What nobody catches is a fault: nothing of the invocation counts, and engine.yaml says what becomes of the agent.
      if (!(error instanceof AgentError)) throw error;
      ctx.state.failed += 1;
      ctx.log(`${id} failed: ${error.code}, ${error.message}`);
      ctx.publish("answer", { id, question: text, error: error.code });
    }
  },
});

async function answerTo(question: string, ctx: Context): Promise<Answer> {
  const fact = await ctx.tool<Fact>("search", { query: question });
  const messages: ChatMessage[] = [
    { role: "system", content: `Answer in one sentence. Facts: ${fact.text} [${fact.source}]` },
    { role: "user", content: question },
  ];
  for (let attempts = 1; ; attempts += 1) {
    const draft = await ctx.chat("writer", messages, { maxTokens: 200 });
    const verdict = await ctx.ask<Verdict>("critic", { question, text: draft.text });
    const { accepted, reason } = verdict.body;
    if (accepted || attempts === attemptsMax) return { text: draft.text, accepted, attempts };
    ctx.log(`draft ${attempts} is rejected: ${reason}`);
    messages.push({ role: "assistant", content: draft.text }, { role: "user", content: reason });
    await ctx.sleep(10); // ticks
  }
}
