/** SHA-256 of the test process, behind the core's port. */

import { createHash } from "node:crypto";
import type { Hasher } from "../ports.js";

export const nodeHasher: Hasher = {
  sha256(...parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  },
};
