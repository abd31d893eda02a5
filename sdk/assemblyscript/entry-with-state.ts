/** Entry points of an agent module whose agent overrides `exportState` and `importState`: its state survives an upgrade. */

export {
  agent_alloc,
  agent_describe,
  agent_export_state,
  agent_import_state,
  agent_init,
  agent_receive,
  agent_shutdown,
  agent_step,
} from "./assembly/entry-point";
