// Judges drafts. Needs no model, so it can be tested without one: tests/critic.test.ts.
import { defineAgent, type Message } from "wasm-engine/agent";
import type { Draft, Verdict } from "./messages";

export const agent = defineAgent({
  state: { accepted: 0, rejected: 0 },

  onMessage(message: Message<Draft>, ctx) {
    const verdict = judge(message.body);
    if (verdict.accepted) ctx.state.accepted += 1;
    else ctx.state.rejected += 1;
    message.reply(verdict);
  },
});

function judge({ text }: Draft): Verdict {
  if (!text.includes("(source:")) return { accepted: false, reason: "name your source" };
  if (text.length > 300) return { accepted: false, reason: "shorten it to 300 characters" };
  return { accepted: true, reason: "" };
}
