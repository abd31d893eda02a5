/** Program of the thread that writes snapshots: one after the other, each answered with what became of it. */

import { workerData } from "node:worker_threads";
import { nodeHasher } from "../crypto/node-crypto.js";
import { nodeFileSystem } from "./file-system.js";
import { KeeperWord, keepParts } from "./snapshot-keeper.js";
import type { KeepResult, KeeperCall, KeeperThreadData } from "./snapshot-keeper.js";
import type { DraftImage } from "./snapshot-draft.js";
import { SnapshotStore } from "./snapshot-store.js";

function run({ run: folder, keep, port, words }: KeeperThreadData): void {
  const store = new SnapshotStore(nodeFileSystem, nodeHasher, folder);
  let added: DraftImage[] = [];
  const state = new Int32Array(words);
  const answer = (result: KeepResult): void => {
    port.postMessage(result);
    Atomics.add(state, KeeperWord.FINISHED, 1);
    Atomics.notify(state, KeeperWord.FINISHED);
  };
  const save = ({ draft, syncFirst }: Extract<KeeperCall, { kind: "save" }>): void => {
    const images = added;
    added = [];
    answer(keepParts({ system: nodeFileSystem, store, keep }, draft, { added: images, syncFirst }));
  };
  port.on("message", (call: KeeperCall) => {
    try {
      if (call.kind === "save") save(call);
      else added = call.kind === "images" ? added.concat(call.images) : [];
    } catch (error) {
      // Whoever waits must learn of it; the thread's own end then says the rest.
      Atomics.store(state, KeeperWord.ENDED, 1);
      Atomics.notify(state, KeeperWord.FINISHED);
      throw error;
    }
  });
}

run(workerData as KeeperThreadData); // the one caller is ThreadedSnapshotKeeper
