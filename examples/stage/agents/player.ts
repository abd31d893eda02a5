/** Listens to the stage. Asked for takes, has the model write all of them at the same time; says the one that the director wants. */

import { defineAgent, type Message } from "wasm-engine/agent";
import type { Cue, Line, Takes } from "./messages.js";

/** The model has room for 512 tokens; so many speeches of {@link tokensMax} and a prompt fit. */
const remembered = 5;
const tokensMax = 40;

export const agent = defineAgent({
  capabilities: ["topics", "models"],
  state: { name: "", heard: [] as string[], asked: 0 },

  onStart(message: Message<{ name: string }>, ctx) {
    ctx.state.name = message.body.name;
    ctx.join("stage");
  },

  async onMessage(message: Message, ctx) {
    if (message.topic === "stage") {
      ctx.state.heard = [...ctx.state.heard, message.body as string].slice(-remembered);
    } else if (message.topic === "line") {
      ctx.publish("stage", `${ctx.state.name}: ${(message.body as Line).text}`);
      message.reply({});
    } else {
      const { takes, temperature } = message.body as Cue;
      const scene = [
        { role: "system", content: ctx.state.name },
        ...ctx.state.heard.map((speech) => ({ role: "user", content: speech }) as const),
      ] as const;
      ctx.state.asked += takes;
      const answers = await Promise.all(
        // Every request has a seed of its own: made from the world's, the agent and the request's number.
        Array.from({ length: takes }, () => ctx.chat("understudy", scene, { maxTokens: tokensMax, temperature, topP: 0.9 })),
      );
      message.reply({ texts: answers.map(({ text }) => whole(text)) } satisfies Takes);
    }
  },
});

/** Up to the last end of a sentence, else of a line, where there is one: a speech may have been cut by its limit. */
function whole(text: string): string {
  const trimmed = text.trim();
  const [kept] = /^.*[.!?]/s.exec(trimmed) ?? /^.*(?=\n)/s.exec(trimmed) ?? [trimmed];
  return kept;
}
