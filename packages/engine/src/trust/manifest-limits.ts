/**
 * What manifests ask for at least: a module is linked only to agents whose limits suffice, those of engine.yaml and
 * those that are started or upgraded later alike.
 */

import type { Genesis } from "@wasm-engine/core";
import { buildError } from "../modules/errors.js";
import type { Granted, ModuleAdmission } from "./ceiling.js";

const limitNames = ["fuelPerSlice", "memoryBytes"] as const;

/** What the world itself must know of it, for children that guests start. Empty where no module asks for anything. */
export function moduleLimitsOf(admissions: readonly ModuleAdmission[]): Pick<Genesis, "moduleLimits"> {
  const asking = admissions.flatMap(({ digest, limits = {} }) => {
    const { fuelPerSlice = 0, memoryBytes = 0 } = limits;
    return fuelPerSlice > 0 || memoryBytes > 0 ? [[digest, { fuelPerSlice, memoryBytes }] as const] : [];
  });
  return asking.length === 0 ? {} : { moduleLimits: Object.fromEntries(asking) };
}

/** @param subject who has the limits @throws {WE_LIMIT_BELOW_MANIFEST} */
export function checkManifestLimits(
  { module, limits = {} }: Pick<ModuleAdmission, "module" | "limits">,
  agent: Pick<Granted, "limits">,
  subject: string,
): void {
  for (const limit of limitNames) {
    const [actual, wanted] = [agent.limits[limit], limits[limit] ?? 0];
    if (actual >= wanted) continue;
    throw buildError("WE_LIMIT_BELOW_MANIFEST", { agent: subject, limit, actual, module, wanted });
  }
}

/**
 * Checks an agent against the manifest of its module, and against those of modules that it may start children from by
 * name: children never have more than their parent. Grants with `*` name nobody.
 * @throws {WE_LIMIT_BELOW_MANIFEST}
 */
export function checkLimitsOf(
  admissions: readonly ModuleAdmission[],
  agent: Granted & { readonly module: ModuleAdmission["digest"] },
): void {
  for (const admission of admissions) {
    if (admission.digest === agent.module) checkManifestLimits(admission, agent, agent.id);
    else if (agent.capabilities.spawn.includes(admission.module))
      checkManifestLimits(admission, agent, `${agent.id}, which may start children of the module,`);
  }
}
