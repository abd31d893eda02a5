/**
 * Counts a message and sends it on to its peer: the same agent as echo-compiled.ts and echo-c.c. `mode` is how it talks: the
 * bytes as they are, JSON that it reads and writes, or questions that it awaits the answers of.
 */

import { defineAgent, type Message } from "wasm-engine/agent";

interface Start {
  readonly peer: string;
  readonly mode: "bytes" | "json" | "await";
}

let peer = 0;
let mode: Start["mode"] = "bytes";

export const agent = defineAgent({
  state: { count: 0 },
  reentrant: true,
  async onStart(message: Message<Start>, ctx) {
    peer = ctx.lookup(message.body.peer) ?? 0;
    mode = message.body.mode;
    if (mode === "bytes") ctx.send(peer, new Uint8Array(64));
    else if (mode === "json") ctx.send(peer, { number: 1, text: "a message of about 64 bytes as JSON" });
    else
      for (let number = 1; ; ) {
        const { body } = await ctx.ask<{ number: number }>(peer, { number, text: "about 64 bytes as JSON" });
        number = body.number;
      }
  },
  onMessage(message: Message<{ number: number; text: string }>, ctx) {
    ctx.state.count += 1;
    const { body } = message;
    if (mode === "bytes") return ctx.send(peer, body);
    const next = { number: body.number + 1, text: body.text };
    if (mode === "json") ctx.send(peer, next);
    else message.reply(next);
  },
});
