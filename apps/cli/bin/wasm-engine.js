#!/usr/bin/env node
// Entry of the command line. Kept out of dist/ so that npm can link it before the first build.
import("../dist/main.js").catch((error) => {
  if (error?.code === "ERR_MODULE_NOT_FOUND" && String(error.message).includes("dist")) {
    process.stderr.write("wasm-engine is not built yet: run `npm run build` in its workspace\n");
    process.exit(4);
  }
  throw error;
});
