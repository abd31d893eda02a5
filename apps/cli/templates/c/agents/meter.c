/*
 * Watches readings and raises an alarm where one is far from their mean. Static variables are the agent's state: they
 * are part of every snapshot. There is no libc and no malloc; the header has what agents need.
 */
#include "wasm_engine.h"

/* The mean follows slowly: each reading counts one eighth. */
static const double weight = 0.125;

static double mean;
static double tolerance = 5;
static int64_t readings;
static int64_t alarms;

/* The `args` of engine.yaml. */
static void on_start(const we_message *message) {
  tolerance = we_json_number(we_json_parse(message->payload), "tolerance", tolerance);
}

static void on_message(const we_message *message) {
  char buffer[160];
  double celsius = we_json_number(we_json_parse(message->payload), "celsius", mean);
  double distance = celsius < mean ? mean - celsius : celsius - mean;
  bool is_alarm = readings > 0 && distance > tolerance;
  readings++;

  we_json_writer json = we_json_object(buffer, sizeof buffer);
  we_json_add_number(&json, "celsius", celsius);
  we_json_add_number(&json, "mean", mean);
  we_json_add_boolean(&json, "alarm", is_alarm);
  we_payload report = we_json_done(&json);
  if (is_alarm) {
    alarms++;
    we_log_text(WE_LOG_LEVEL_INFO, report.content);
    /* Results below 0 are refusals: here that the topic is not granted. A failed invocation changes nothing. */
    if (we_publish("alarm", report) < 0) we_fail(1);
  } else {
    mean = readings == 1 ? celsius : mean + (celsius - mean) * weight;
  }
  if (we_answer_wanted(message) && we_reply(message, report) < 0) we_fail(2);
}

/* For `wasm-engine inspect`. */
static void describe(we_json_writer *json) {
  we_json_add_number(json, "mean", mean);
  we_json_add_integer(json, "readings", readings);
  we_json_add_integer(json, "alarms", alarms);
}

WE_AGENT(.on_start = on_start, .on_message = on_message, .describe = describe);
