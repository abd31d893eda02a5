// Answers questions: searches, drafts, has the draft judged, waits, tries again.
//
// Each question is one async function from its first line to its last. While it waits in an `await`, that is memory
// like any other: the run can be stopped, killed, resumed, replayed or forked there, and the function goes on.
import { defineAgent, type Message } from "wasm-engine/agent";
import notes from "../data/notes.txt";
import type { Question, Verdict } from "./messages";

const attemptsMax = 3;

export const agent = defineAgent({
  // What the module may ask for at all. engine.yaml grants it, agent by agent.
  capabilities: ["topics"],
  state: { answered: 0, rejected: 0 },

  async onMessage(message: Message<Question>, ctx) {
    const { id, text } = message.body;
    const [fact = "nothing is known", source = ""] = search(text);
    let draft = fact;
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const verdict = await ctx.ask<Verdict>("critic", { question: text, text: draft });
      if (verdict.body.accepted) {
        ctx.state.answered += 1;
        ctx.log(`${id} answered at attempt ${attempt}: ${draft}`);
        ctx.publish("answer", { id, question: text, answer: draft, attempt });
        return;
      }
      ctx.state.rejected += 1;
      ctx.log(`${id} rejected: ${verdict.body.reason}`);
      draft = `${fact} (source: ${source})`;
      await ctx.sleep(10); // ticks
    }
    ctx.publish("answer", { id, question: text, answer: "", attempt: attemptsMax });
  },
});

/** The note that shares most words with the question, and its source. */
function search(question: string): readonly string[] {
  const words = new Set(question.toLowerCase().match(/[a-z]+/g));
  const score = (note: string): number =>
    note
      .slice(0, note.indexOf(":"))
      .split(" ")
      .filter((word) => words.has(word.toLowerCase())).length;
  const [best = ""] = notes
    .trim()
    .split("\n")
    .sort((left, right) => score(right) - score(left));
  return /: (.*) \[(.*)\]/.exec(best)?.slice(1) ?? [];
}
