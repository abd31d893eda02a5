/**
 * Takes assignments, has each written and checked, sends unproven sentences back, waits for the embargo and prints.
 * `reentrant`: while one article waits for its model, the next one is under way. Ends when all are printed.
 */

import { defineAgent, type Message } from "wasm-engine/agent";
import type { Article, Assignment, Draft, Review } from "./messages.js";

const draftsMax = 3;
const embargoTicks = 6;

export const agent = defineAgent({
  capabilities: ["topics"],
  reentrant: true,
  state: { expected: 0, printed: 0, rejected: 0, objections: 0 },

  onStart(message: Message<{ expected: number }>, ctx) {
    ctx.state.expected = message.body.expected;
  },

  async onMessage(message: Message<Assignment>, ctx) {
    const { question } = message.body;
    let objections: readonly string[] = [];
    for (let drafts = 1; drafts <= draftsMax; drafts += 1) {
      const { body: draft } = await ctx.ask<Draft>("reporter", { question, objections }, { topic: "assignment" });
      const { body: review } = await ctx.ask<Review>("checker", draft, { topic: "draft" });
      objections = review.objections;
      if (objections.length === 0) {
        await ctx.sleep(embargoTicks);
        const sources = draft.sources.map(({ file, heading }) => `${file}: ${heading}`);
        ctx.publish("article", { question, text: draft.text, sources, drafts } satisfies Article);
        ctx.state.printed += 1;
        break;
      }
      ctx.state.objections += objections.length;
      ctx.log(`draft ${drafts} of "${question}" goes back:`, objections);
    }
    if (objections.length > 0) ctx.state.rejected += 1;
    const { printed, rejected, expected } = ctx.state;
    if (printed + rejected === expected) ctx.exit(rejected === 0 ? 0 : 1);
  },
});
