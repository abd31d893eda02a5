// Makes one request of every kind that goes wrong, and says for each how often it was settled and how.
import { AgentError, defineAgent } from "wasm-engine/agent";

type Outcomes = Record<string, string[]>;

export const agent = defineAgent({
  capabilities: ["models", "tools", "spawn"],
  reentrant: true,
  state: { outcomes: {} as Outcomes },
  async onStart(_message, ctx) {
    const { outcomes } = ctx.state;
    const begun: Promise<unknown>[] = [];
    const settle = (name: string, text: string): void => void (outcomes[name] ??= []).push(text);
    const expect = <T extends Promise<unknown>>(name: string, begin: () => T): T => {
      const request = begin();
      const done = request.then(
        (value) => settle(name, `answered ${JSON.stringify((value as { body?: unknown })?.body ?? value)}`),
        (error: unknown) => settle(name, error instanceof AgentError ? error.code : String(error)),
      );
      begun.push(done);
      return request;
    };
    const signal = new AbortController();
    const aborted = new AbortController();
    aborted.abort();

    expect("timeout", () => ctx.ask("silent", 1, { timeoutTicks: 9 }));
    expect("answer after the timeout", () => ctx.ask("slow", 1, { timeoutTicks: 3 }));
    const cancelled = expect("cancelled", () => ctx.ask("silent", 1));
    const late = expect("answer after the cancel", () => ctx.ask("slow", 1));
    expect("aborted", () => ctx.ask("silent", 1, { signal: signal.signal }));
    expect("aborted before", () => ctx.ask("silent", 1, { signal: aborted.signal }));
    expect("aborted by time", () => ctx.ask("silent", 1, { signal: AbortSignal.timeout(2000) }));
    expect("aborted sleep", () => ctx.sleep(500, { signal: signal.signal }));
    expect("peer exits", () => ctx.ask("dying", 1));
    expect("peer is terminated", () => ctx.ask("victim", 1));
    expect("peer is stopped", () => ctx.ask("leaver", 1));
    expect("peer faults and is stopped", () => ctx.ask("faulty", 1));
    expect("peer faults and goes on", () => ctx.ask("stubborn", 1, { timeoutTicks: 9 }));
    expect("peer refuses", () => ctx.ask("busy", 1));
    expect("unknown id", () => ctx.ask("nobody", 1));
    expect("unknown handle", () => ctx.ask(4711, 1));
    expect("answered twice", () => ctx.ask("twice", 1));
    expect("answered again later", () => ctx.ask("again", 1));
    expect("mailbox has room", () => ctx.ask("narrow", 1));
    expect("mailbox full", () => ctx.ask("narrow", 2));
    expect("not granted", () => ctx.ask("stranger", 1));
    for (const name of ["told", "refusing", "broken", "strict"]) expect(`tool ${name}`, () => ctx.tool(name, 1));
    expect("tool that hangs", () => ctx.tool("hanging", 1, { timeoutTicks: 6 }));
    expect("model that refuses", () => ctx.chat("refusing", []));
    expect("model that hangs", () => ctx.chat("hanging", [], { timeoutTicks: 6 }));
    expect("tool without grant", () => ctx.tool("secret", {}));
    expect("model without grant", () => ctx.chat("secret", []));
    expect("task for a stranger", () => ctx.task({ taskId: "t", agentId: "stranger" }));
    expect("child without module", () => ctx.spawn({ id: "child", module: "none" }).started);

    await ctx.sleep(2);
    cancelled.cancel();
    cancelled.cancel();
    late.cancel();
    signal.abort();
    await Promise.all(begun);
    await ctx.sleep(40);
    // Cancelling what has been answered changes nothing.
    cancelled.cancel();
    await ctx.sleep(2);
    ctx.log(JSON.stringify(outcomes));
  },
});
