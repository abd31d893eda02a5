/** A model or tool whose answers are rules in a file: for templates, tests and demonstrations. */

import { sha256Hex } from "../../crypto/node-crypto.js";
import { readFileSync } from "node:fs";
import type { Adapter, CreateAdapter, ScriptedSetup } from "../contract.js";
import { sendPart } from "./model-request.js";
import { readRules } from "./rules-file.js";
import { scriptedAnswer } from "./rules.js";

/** @throws what {@link readRules} throws */
export const createAdapter: CreateAdapter<ScriptedSetup> = ({ path }) => {
  const rules = readRules(path);
  const adapter: Adapter = {
    identity: sha256Hex(readFileSync(path)),
    answer(request, call) {
      const { answer, parts } = scriptedAnswer(rules, request);
      for (const part of parts) sendPart(call, part);
      return Promise.resolve(answer);
    },
  };
  return Promise.resolve(adapter);
};
