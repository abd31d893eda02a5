/**
 * Configuration and module building load on first use: their compilers, checkers and parsers are most of this
 * package, and whoever looks at a recorded run needs none of them.
 */

import type { ConfigOverrides, LoadedConfig } from "../config/load-config.js";
import type { BuildOptions, BuiltModule } from "../modules/build-module.js";

/**
 * Loads a configuration; `path` is an engine.yaml or a folder that holds one.
 * @throws {WE_CONFIG_MISSING} and the other codes of configuration, modules and inputs
 */
export async function loadConfig(path: string, overrides: ConfigOverrides = {}): Promise<LoadedConfig> {
  const config = await import("../config/load-config.js");
  return config.loadConfig(path, overrides);
}

/**
 * Builds and signs one module; a .wasm file is checked, given a manifest and signed.
 * @throws {WE_BUILD_SOURCE_MISSING} {WE_BUILD_SOURCE_KIND} {WE_BUILD_FAILED} {WE_BUILD_TOOL_MISSING}
 */
export async function buildModule(path: string, options: BuildOptions): Promise<BuiltModule> {
  const modules = await import("../modules/build-module.js");
  return modules.buildModule(path, options);
}
