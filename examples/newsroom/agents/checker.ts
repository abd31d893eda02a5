/** Believes no sentence that the model does not find in the passage that it cites. Asks about all sentences at once. */

import { AgentError, defineAgent, type Message } from "wasm-engine/agent";
import type { Draft, Passage, Review } from "./messages.js";

const instructions =
  "Does the source say what the claim says? Answer with the one word yes, or with no, a colon and the reason.";

/** What ends a sentence: `Text. [2]`. Splitting is linear: a model may write anything, and a turn has its fuel. */
const citation = /\[(\d+)\]\.?/;

export const agent = defineAgent({
  capabilities: ["models"],
  reentrant: true,
  state: { checked: 0, refused: 0 },

  async onMessage(message: Message<Draft>, ctx) {
    const { text, sources } = message.body;
    const claims = claimsOf(text, sources);
    const verdicts = await Promise.all(
      claims.map(async ({ claim, source }) => {
        if (source === undefined) return `"${claim}" cites nothing that was found`;
        try {
          const { text: verdict } = await ctx.chat("writer", question(claim, source), { maxTokens: 40, temperature: 0 });
          return /^\s*yes\b/i.test(verdict) ? undefined : `"${claim}" (${verdict.trim()})`;
        } catch (error) {
          const isKnown = error instanceof AgentError && (error.retryable || error.code === "CONTEXT_LIMIT");
          if (isKnown) return `"${claim}" could not be checked: ${error.code}`;
          throw error;
        }
      }),
    );
    const objections = verdicts.filter((verdict) => verdict !== undefined);
    if (claims.length === 0) objections.push("no sentence cites a passage");
    ctx.state.checked += claims.length;
    ctx.state.refused += objections.length;
    message.reply({ objections, checked: claims.length } satisfies Review);
  },
});

/** Every sentence with the passage that it cites; what follows the last citation claims nothing. */
function claimsOf(text: string, sources: readonly Passage[]) {
  const pieces = text.split(citation);
  return pieces.flatMap((number, place) => {
    const claim = (pieces[place - 1] ?? "").trim();
    return place % 2 === 0 || claim === "" ? [] : [{ claim, source: sources[Number(number) - 1] }];
  });
}

function question(claim: string, { text }: Passage) {
  return [
    { role: "system", content: instructions },
    { role: "user", content: `Claim: ${claim}\nSource: ${text}` },
  ] as const;
}
