// Says what it sees of time and chance, at its start and after a while.
import { defineAgent } from "wasm-engine/agent";

const bytes = (): string => [...crypto.getRandomValues(new Uint8Array(8))].join(" ");

export const agent = defineAgent({
  async onStart(_message, ctx) {
    const sees = (): void => {
      console.log("time", Date.now(), new Date().toISOString(), performance.timeOrigin + performance.now());
      console.log("chance", Math.random(), bytes(), crypto.randomUUID(), ctx.random("own"));
    };
    sees();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    sees();
    const repeated = await new Promise<number>((resolve) => {
      let count = 0;
      const timer = setInterval(() => {
        count += 1;
        if (count < 3) return;
        clearInterval(timer);
        resolve(count);
      }, 1000);
    });
    console.log("repeated", repeated, ctx.tick);
  },
});
