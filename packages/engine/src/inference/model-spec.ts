/** What the inference package is given of a model that a configuration or a run describes. */

import type { ModelSpec } from "@wasm-engine/core";
import type { ModelSetup } from "../world/contract.js";

/** Where a model lies and what it must be: all that somebody needs who asks it outside of a world. */
export function bareSpecOf({
  name,
  dir,
  file,
  providers,
  digest,
  version,
  pinned,
}: ModelSetup): Omit<ModelSpec, "pace"> {
  return {
    name,
    dir,
    providers,
    ...(digest === undefined ? {} : { digest }),
    ...(file === undefined ? {} : { file }),
    ...(pinned === true ? { pinned } : {}),
    ...(version === undefined ? {} : { version }),
  };
}

/** The same with how many tokens its texts go on by in a tick. */
export function specOf(setup: ModelSetup): ModelSpec {
  const { prefillTokensPerTick, tokensPerTick } = setup;
  const pace = {
    ...(prefillTokensPerTick === undefined ? {} : { prefillTokensPerTick }),
    ...(tokensPerTick === undefined ? {} : { tokensPerTick }),
  };
  return { ...bareSpecOf(setup), ...(Object.keys(pace).length === 0 ? {} : { pace }) };
}
