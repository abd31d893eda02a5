/** Program of the thread that writes snapshots: one after the other, each answered with what became of it. */

import { workerData } from "node:worker_threads";
import { nodeHasher } from "../crypto/node-crypto.js";
import { nodeFileSystem } from "./file-system.js";
import { readImages } from "./image-area.js";
import { KeeperWord, keepParts } from "./snapshot-keeper.js";
import type { KeepResult, KeeperCall, KeeperThreadData } from "./snapshot-keeper.js";
import { SnapshotStore } from "./snapshot-store.js";

function run({ run: folder, keep, port, words }: KeeperThreadData): void {
  const store = new SnapshotStore(nodeFileSystem, nodeHasher, folder);
  const state = new Int32Array(words);
  const answer = (result: KeepResult): void => {
    port.postMessage(result);
    Atomics.add(state, KeeperWord.FINISHED, 1);
    Atomics.notify(state, KeeperWord.FINISHED);
  };
  port.on("message", ({ draft, images, syncFirst }: KeeperCall) => {
    try {
      const parts = { system: nodeFileSystem, store, keep };
      answer(keepParts(parts, draft, { added: readImages(images), syncFirst }));
    } catch (error) {
      // Whoever waits must learn of it; the thread's own end then says the rest.
      Atomics.store(state, KeeperWord.ENDED, 1);
      Atomics.notify(state, KeeperWord.FINISHED);
      throw error;
    }
  });
}

run(workerData as KeeperThreadData); // the one caller is ThreadedSnapshotKeeper
