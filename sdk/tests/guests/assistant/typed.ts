// Message types by schema: what a handler sees has the type that was declared. Compiled by a test, never run.
import { defineAgent } from "wasm-engine/agent";

interface Order {
  readonly count: number;
}

/** As schema libraries offer it. */
declare const orderSchema: {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Order };
  };
};

export const agent = defineAgent({
  version: 2,
  state: { orders: 0, last: "" },
  messages: {
    order: orderSchema,
    question: { type: "object", properties: { text: { type: "string" } } },
  },
  migrate: (state: { orders: number }) => ({ orders: state.orders, last: "" }),
  async onMessage(message, ctx) {
    if (message.topic === "order") {
      const count: number = message.body.count;
      // @ts-expect-error an order has no text
      message.body.text;
      ctx.state.orders += count;
    } else {
      ctx.state.last = message.body.text;
      // @ts-expect-error a question has no count
      message.body.count;
    }
    // @ts-expect-error the state has no such member
    ctx.state.none;
    const pending = ctx.ask<{ ok: boolean }>("peer", {}, { signal: new AbortController().signal });
    pending.cancel();
    const { body } = await pending;
    return body.ok;
  },
});
