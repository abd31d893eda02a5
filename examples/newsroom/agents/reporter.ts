/** Looks a question up, and has the model write two sentences that say nothing but what was found. */

import { AgentError, defineAgent, type Message } from "wasm-engine/agent";
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
    const request = (charactersMax: number) =>
      [
        `Question: ${question}`,
        ...sources.map(
          ({ file, text }, index) => `Passage ${index + 1} (${file}): ${text.slice(0, charactersMax)}`,
        ),
        ...objections.map((objection) => `Objection to the last draft: ${objection.slice(0, charactersMax)}`),
      ].join("\n");
    const text = await written(request, (content) =>
      ctx.chat(
        "writer",
        [
          { role: "system", content: instructions },
          { role: "user", content },
        ],
        { maxTokens: 200, temperature: 0, timeoutTicks: 300 },
      ),
    );
    ctx.state.drafts += 1;
    ctx.state.words += text.split(" ").length;
    message.reply({ text: text.trim(), sources } satisfies Draft);
  },
});

/** A model with a small context refuses what is too long for it, before it writes a word: it is shown less. */
async function written(
  request: (charactersMax: number) => string,
  ask: (request: string) => Promise<{ readonly text: string }>,
): Promise<string> {
  for (let charactersMax = 4096; ; charactersMax /= 2) {
    try {
      return (await ask(request(charactersMax))).text;
    } catch (error) {
      const isTooLong = error instanceof AgentError && error.code === "CONTEXT_LIMIT";
      if (!isTooLong || charactersMax < 128) throw error;
    }
  }
}
