/**
 * Program of the thread of adapters: makes them, then calls them as it is told over its port. Its event loop is that of
 * tools; one that blocks it is ended from outside. An error that it does not understand ends it, which its host tells.
 */

import { workerData } from "node:worker_threads";
import { EngineError } from "@wasm-engine/abi";
import { AdapterState } from "./adapter-messages.js";
import type { AdapterNews, AdapterOrder, AdapterThreadData } from "./adapter-messages.js";
import { AdapterService } from "./adapter-service.js";
import { ToolLines } from "./tool-lines.js";

const { port, state, bell, setups, options } = workerData as AdapterThreadData; // set by adapter-host.ts

function tell(news: AdapterNews): void {
  port.postMessage(news);
  ring(bell);
}

function ring(words: SharedArrayBuffer | undefined): void {
  if (words === undefined) return;
  Atomics.add(new Int32Array(words), 0, 1);
  Atomics.notify(new Int32Array(words), 0);
}

function leave(): void {
  const words = new Int32Array(state);
  Atomics.store(words, 0, AdapterState.CLOSED);
  Atomics.notify(words, 0);
  process.exit(0);
}

// A promise that a tool has lost sight of must not end the calls of others.
process.on("unhandledRejection", () => undefined);

// Nobody reads what this thread writes: it is told, with the name of its tool.
const lines = new ToolLines();
lines.take(process.stdout, "info");
lines.take(process.stderr, "error");

try {
  const service = await AdapterService.open(setups, { ...options, lines }, tell);
  port.on("message", (order: AdapterOrder) => {
    if (order.kind === "ask") service.ask(order.adapter, order.request);
    else if (order.kind === "forget") service.forget(order.id);
    else if (order.kind === "program-answer") service.hearProgram(order.id, order.answer);
    else if (order.kind === "ping") tell({ kind: "pong" });
    else void service.close().then(leave);
  });
  tell({ kind: "ready", facts: service.facts });
} catch (error) {
  if (!EngineError.is(error)) throw error;
  tell({ kind: "failed", error: error.toRecord() });
}
