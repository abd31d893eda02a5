/** Library entry of the published package: the engine's façade, and the tables that documentation is made from. */

export { commands } from "./command-table.js";
export { errorCatalogue } from "./error-catalogue.js";
export type { CommandDefinition } from "./command.js";
export type { CatalogueEntry } from "./error-catalogue.js";
