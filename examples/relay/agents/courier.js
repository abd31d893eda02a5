// First station, in JavaScript: carries a value from round to round. One async function lives through the whole run,
// always suspended in an `await`; the engine stores it like any other memory.
import { defineAgent } from "wasm-engine/agent";

export const agent = defineAgent({
  state: { round: 0, value: 0 },
  async onStart(message, ctx) {
    const { rounds, value } = message.body;
    ctx.state.value = value;
    while (ctx.state.round < rounds) {
      const round = ctx.state.round + 1;
      const answer = await ctx.ask(
        "mixer",
        { round, value: ctx.state.value },
        { topic: "mix", timeoutTicks: 50 },
      );
      ctx.state.value = (answer.body.value + round * round) >>> 0;
      ctx.state.round = round;
      await ctx.sleep(1 + (round % 3));
    }
    ctx.log(`carried ${rounds} rounds`);
    ctx.send("notary", { rounds, value: ctx.state.value }, { topic: "result" });
  },
});
