/** Every verb as data: drives the parser, `--help`, the reference page and its tests. */

import type { CommandDefinition } from "./command.js";
import { developingVerbs } from "./verbs/developing.js";
import { environmentVerbs } from "./verbs/environment.js";
import { lookingVerbs } from "./verbs/looking.js";
import { modulesVerbs } from "./verbs/modules.js";
import { movingVerbs } from "./verbs/moving.js";
import { operatingVerbs } from "./verbs/operating.js";
import { runningVerbs } from "./verbs/running.js";
import { timeTravelVerbs } from "./verbs/time-travel.js";
import { upkeepVerbs } from "./verbs/upkeep.js";
import { startingVerbs } from "./verbs/starting.js";
import { testingVerbs } from "./verbs/testing.js";

export const commands: readonly CommandDefinition[] = [
  ...startingVerbs,
  ...developingVerbs,
  ...runningVerbs,
  ...operatingVerbs,
  ...timeTravelVerbs,
  ...lookingVerbs,
  ...testingVerbs,
  ...movingVerbs,
  ...upkeepVerbs,
  ...modulesVerbs,
  ...environmentVerbs,
];
