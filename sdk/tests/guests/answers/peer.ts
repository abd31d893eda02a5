// Does to a question what its arguments say.
import { defineAgent } from "wasm-engine/agent";

type Manner = "silent" | "slow" | "dies" | "faults" | "refuses" | "twice" | "again";

let manner: Manner = "silent";

export const agent = defineAgent({
  onStart(message) {
    manner = message.body as Manner;
  },
  async onMessage(message, ctx) {
    switch (manner) {
      case "silent":
        return;
      case "slow":
        await ctx.sleep(10);
        return message.reply("late");
      case "dies":
        return ctx.exit(1);
      case "faults":
        throw new RangeError("on purpose");
      case "refuses":
        return message.replyError("BUSY", "not now", { retryable: true });
      case "twice":
        message.reply("first");
        return message.reply("second");
      case "again":
        message.reply("first");
        await ctx.sleep(5);
        return message.replyError("LATER", "an error after the answer");
    }
  },
});
