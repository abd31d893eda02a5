/*
 * Third station, in C: stamps a value and keeps a ledger entry of it, which every member of the topic `ledger` gets.
 * stamp.wasm is this file compiled (node scripts/dist/build-c-modules.js): a fresh machine has no compiler.
 */
#include "wasm_engine.h"

static int64_t stamped;

static void on_message(const we_message *message) {
  char buffer[128];
  we_json question = we_json_parse(message->payload);
  uint32_t round = (uint32_t)we_json_number(question, "round", 0);
  uint32_t value = (uint32_t)we_json_number(question, "value", 0) ^ (round * 0x9e3779b9u);
  value = (value << 7) | (value >> 25);
  stamped++;
  we_json_writer json = we_json_object(buffer, sizeof buffer);
  we_json_add_integer(&json, "round", round);
  we_json_add_integer(&json, "value", value);
  we_payload entry = we_json_done(&json);
  if (we_publish("ledger", entry) < 0 || we_reply(message, entry) < 0) we_fail(1);
}

static void describe(we_json_writer *json) { we_json_add_integer(json, "stamped", stamped); }

WE_AGENT(.on_message = on_message, .describe = describe);
