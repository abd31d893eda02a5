/** Gives the opening, calls players by name, chooses among their takes by a plain rule. Ends when all acts are done. */

import { defineAgent, type Context, type Message } from "wasm-engine/agent";
import type { Cue, Direction, Line, Takes } from "./messages.js";

interface State {
  acts: number;
  takes: number;
  done: number;
  spoken: string[];
}

export const agent = defineAgent({
  capabilities: ["topics"],
  state: { acts: 0, takes: 0, done: 0, spoken: [] } as State,

  onStart(message: Message<{ acts: number; takes: number }>, ctx) {
    Object.assign(ctx.state, message.body);
  },

  async onMessage(message: Message<Direction>, ctx) {
    const { heading, opening, cues, temperature } = message.body;
    ctx.publish("stage.heading", heading);
    for (const speech of opening) ctx.publish("stage", speech);
    await ctx.sleep(1);
    for (const cue of cues) {
      if (typeof cue === "string") await perform(ctx, cue, { takes: ctx.state.takes, temperature });
      else await Promise.all(cue.map((player) => perform(ctx, player, { takes: 1, temperature })));
    }
    ctx.state.done += 1;
    if (ctx.state.done === ctx.state.acts) ctx.exit(0);
  },
});

/** One speech: the player's takes, the choice, and the player says it. */
async function perform(ctx: Context<State>, player: string, cue: Cue): Promise<void> {
  const { body } = await ctx.ask<Takes>(player, cue, { topic: "cue" });
  const text = best(body.texts, ctx.state.spoken);
  ctx.state.spoken.push(...text.split("\n"));
  ctx.log(`${player}: take ${body.texts.indexOf(text) + 1} of ${body.texts.length}`);
  await ctx.ask(player, { text } satisfies Line, { topic: "line" });
}

/** The take with the most points, of equal ones the first. */
function best(texts: readonly string[], spoken: readonly string[]): string {
  let chosen = "";
  let most = -Infinity;
  for (const text of texts) {
    const points = pointsOf(text, spoken);
    if (points > most) [chosen, most] = [text, points];
  }
  return chosen;
}

/** A point for each of the first four lines that could be verse, two for an end; three less for a line heard before. */
function pointsOf(text: string, spoken: readonly string[]): number {
  const lines = text.split("\n");
  const verses = lines.filter((line) => line.length >= 25 && line.length <= 50).length;
  const repeated = lines.filter((line) => spoken.includes(line)).length;
  return Math.min(verses, 4) + (/[.!?]$/.test(text) ? 2 : 0) - 3 * repeated;
}
