/**
 * Program of the thread that runs the models of a server: runs of a model block whoever makes them, and the server must
 * hear its clients meanwhile. Texts that are asked for at the same time are written together, as are vectors.
 */

import { parentPort, workerData } from "node:worker_threads";
import { Encoding, EngineError, assert } from "@wasm-engine/abi";
import type { InferenceService, TensorResponse, TextWriting } from "@wasm-engine/core";
import { createService } from "../inference/service-module.js";
import type { FromModels, ModelThreadSetup, ToModels } from "./model-messages.js";

type Asked = Extract<ToModels, { readonly model: string }>;

class ModelLoop {
  readonly #service: InferenceService;
  readonly #tell: (news: FromModels) => void;
  readonly #writing = new Map<number, TextWriting>();
  /** Requests for vectors, by model: what comes while one run is made goes into the next one. */
  readonly #gathered = new Map<string, Asked[]>();

  constructor(service: InferenceService, tell: (news: FromModels) => void) {
    this.#service = service;
    this.#tell = tell;
  }

  take(message: ToModels): void {
    switch (message.kind) {
      case "write":
        return this.#write(message);
      case "run":
        return this.#gather(message);
      case "cancel":
        this.#writing.get(message.id)?.cancel();
        this.#writing.delete(message.id);
        return;
      case "close":
        return;
    }
  }

  #write({ id, model, payload }: Asked): void {
    assert(this.#service.write !== undefined, "the inference package writes texts");
    let isOver = false;
    const writing = this.#service.write(
      model,
      { encoding: Encoding.JSON, payload },
      {
        prompt: () => undefined,
        part: (text) => {
          if (text !== "") this.#tell({ kind: "part", id, text });
        },
        end: (response, text) => {
          isOver = true;
          this.#writing.delete(id);
          this.#tell({ kind: "end", id, response, text });
        },
      },
    );
    if (!isOver) this.#writing.set(id, writing);
  }

  #gather(asked: Asked): void {
    const waiting = this.#gathered.get(asked.model);
    if (waiting !== undefined) return void waiting.push(asked);
    this.#gathered.set(asked.model, [asked]);
    void this.#runAll(asked.model);
  }

  async #runAll(model: string): Promise<void> {
    for (;;) {
      // What has arrived together is run together.
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#gathered.get(model) ?? [];
      if (batch.length === 0) return void this.#gathered.delete(model);
      this.#gathered.set(model, []);
      const responses = await this.#run(model, batch);
      batch.forEach(({ id }, index) => {
        const response = responses[index] ?? { ok: false, message: "the model gave no answer" };
        this.#tell({ kind: "end", id, response, text: "" });
      });
    }
  }

  async #run(model: string, batch: readonly Asked[]): Promise<readonly TensorResponse[]> {
    try {
      const requests = batch.map(({ payload }) => ({ encoding: Encoding.JSON, payload }));
      return (await this.#service.run(model, requests)).responses;
    } catch (cause) {
      // No provider is left, or the like: an operating error of this model alone.
      if (!EngineError.is(cause)) throw cause;
      return batch.map(() => ({ ok: false, message: cause.message }));
    }
  }
}

async function runThread({ service: name, models, options }: ModelThreadSetup): Promise<void> {
  assert(parentPort !== null, "this program is a thread");
  const port = parentPort;
  const tell = (news: FromModels): void => port.postMessage(news);
  const early: ToModels[] = [];
  let loop: ModelLoop | undefined;
  const closed = new Promise<void>((resolve) => {
    port.on("message", (message: ToModels) => {
      if (message.kind === "close") resolve();
      else if (loop === undefined) early.push(message);
      else loop.take(message);
    });
  });
  try {
    const service = await createService(name, options);
    const facts = [];
    for (const spec of models) facts.push(await service.load(spec));
    loop = new ModelLoop(service, tell);
    tell({ kind: "ready", facts });
    for (const message of early) loop.take(message);
    await closed;
    await service.close();
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    tell({ kind: "failed", error: error.toRecord() });
  }
  port.close();
}

await runThread(workerData as ModelThreadSetup); // set by model-desk.ts
