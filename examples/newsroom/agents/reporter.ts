/** Looks a question up, and has the model write two sentences that say nothing but what was found. */

import { defineAgent, type Message } from "wasm-engine/agent";
import type { Assignment, Draft, Passage } from "./messages.js";

const instructions =
  "You write for engineers. Answer in two sentences, use only the passages, " +
  "and put the number of the passage behind each sentence, like [1].";

export const agent = defineAgent({
  capabilities: ["models", "tools"],
  reentrant: true,
  state: { drafts: 0, words: 0 },

  async onMessage(message: Message<Assignment>, ctx) {
    const { question, objections = [] } = message.body;
    const sources = await ctx.tool<Passage[]>("search", { query: question, limit: 2 });
    const request = [
      `Question: ${question}`,
      ...sources.map(({ file, text }, index) => `Passage ${index + 1} (${file}): ${text}`),
      ...objections.map((objection) => `Objection to the last draft: ${objection}`),
    ];
    const { text } = await ctx.chat(
      "writer",
      [
        { role: "system", content: instructions },
        { role: "user", content: request.join("\n") },
      ],
      { maxTokens: 200, temperature: 0, timeoutTicks: 300 },
    );
    ctx.state.drafts += 1;
    ctx.state.words += text.split(" ").length;
    message.reply({ text: text.trim(), sources } satisfies Draft);
  },
});
