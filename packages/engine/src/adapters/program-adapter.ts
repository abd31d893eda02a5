/** A function of the program that opened the world, as an adapter: hands its calls on. The program checks and calls. */

import { assert } from "@wasm-engine/abi";
import type { CreateAdapter, ProgramSetup } from "./contract.js";

export const createAdapter: CreateAdapter<ProgramSetup> = ({ idempotent }, { callProgram }) => {
  assert(callProgram !== undefined, "a world with functions of a program was opened by one");
  return Promise.resolve({
    ...(idempotent === undefined ? {} : { idempotent }),
    answer: (request, { signal }) => callProgram(request, signal),
  });
};
