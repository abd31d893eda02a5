/*
 * Scores the airports. It keeps what was stated for each flight until the outcome comes, takes the base rate from
 * flights that arrived before `scoreFrom`, and scores those that departed from then on: Brier score, log loss and
 * AUC of the model that hears mail, of the calendar's, and of the base rate. Nothing is published; `describe`
 * computes the table.
 */

#include "../../../sdk/c/wasm_engine.h"

#define FLIGHTS_MAX 32768

/* What is known of a flight, as bits. */
enum { STATED = 1, SCORED = 2, KNOWN = 4, LATE = 8 };

static double score_from_tick;
static uint8_t flights[FLIGHTS_MAX];
/* The models answer in single precision: nothing is lost. */
static float with_mail[FLIGHTS_MAX], calendar[FLIGHTS_MAX];
static uint32_t stated, known, training, training_late;
/* Scored flights, in ascending order of a probability: filled by describe. */
static uint16_t ranked[FLIGHTS_MAX];

static void on_start(const we_message *message) {
  score_from_tick = we_json_number(we_json_parse(message->payload), "scoreFrom", 0);
}

static void on_statement(uint32_t flight, we_json body) {
  if (flights[flight] & STATED) return;
  with_mail[flight] = (float)we_json_number(body, "delay", 0.5);
  calendar[flight] = (float)we_json_number(body, "calendar", 0.5);
  flights[flight] |= STATED | (we_json_number(body, "departed", 0) >= score_from_tick ? SCORED : 0);
  stated++;
}

/* An outcome may come in the same tick as the statement, and before it: a hop takes less time than two messages. */
static void on_outcome(const we_message *message, uint32_t flight, we_json body) {
  if (flights[flight] & KNOWN) return;
  bool late = we_json_boolean(body, "late", false);
  flights[flight] |= KNOWN | (late ? LATE : 0);
  known++;
  /* The destination sent it one tick ago, at arrival. */
  if ((double)message->tick - 1 >= score_from_tick) return;
  training++;
  training_late += late;
}

static void on_message(const we_message *message) {
  we_json body = we_json_parse(message->payload);
  double flight = we_json_number(body, "flight", -1);
  if (!(flight >= 0 && flight < FLIGHTS_MAX)) return we_fail(1);
  if (we_text_is(message->topic, "statement")) on_statement((uint32_t)flight, body);
  else if (we_text_is(message->topic, "outcome")) on_outcome(message, (uint32_t)flight, body);
}

static bool before(const float *stated_for, uint16_t left, uint16_t right) {
  return stated_for[left] < stated_for[right] || (stated_for[left] == stated_for[right] && left < right);
}

static void sift_down(const float *stated_for, uint32_t root, uint32_t count) {
  for (;;) {
    uint32_t child = 2 * root + 1;
    if (child >= count) return;
    if (child + 1 < count && before(stated_for, ranked[child], ranked[child + 1])) child++;
    if (!before(stated_for, ranked[root], ranked[child])) return;
    uint16_t swapped = ranked[root];
    ranked[root] = ranked[child];
    ranked[child] = swapped;
    root = child;
  }
}

static void sort_ranked(const float *stated_for, uint32_t count) {
  for (uint32_t root = count / 2; root-- > 0;) sift_down(stated_for, root, count);
  for (uint32_t last = count; last-- > 1;) {
    uint16_t largest = ranked[0];
    ranked[0] = ranked[last];
    ranked[last] = largest;
    sift_down(stated_for, 0, last);
  }
}

/* Chance that a late flight was given a higher probability than one on time; equal ones count half. Exact. */
static double area_under_curve(const float *stated_for, uint32_t count, uint32_t late) {
  double rank_sum = 0;
  sort_ranked(stated_for, count);
  for (uint32_t first = 0; first < count;) {
    uint32_t next = first, tied_late = 0;
    while (next < count && stated_for[ranked[next]] == stated_for[ranked[first]]) {
      tied_late += (flights[ranked[next]] & LATE) != 0;
      next++;
    }
    rank_sum += tied_late * ((double)first + 1 + next) / 2;
    first = next;
  }
  double on_time = (double)count - late;
  return late == 0 || on_time == 0 ? 0.5 : (rank_sum - (double)late * (late + 1) / 2) / (late * on_time);
}

static double square(double value) { return value * value; }

static double log_loss(double probability, bool late) {
  double given = late ? probability : 1 - probability;
  return -we_ln(given > 1e-12 ? given : 1e-12);
}

/* One forecaster beside the base rate, over the flights in `ranked`. */
static void describe_forecaster(we_json_writer *json, const char *name, const float *stated_for, uint32_t count,
                                uint32_t late_count, double base) {
  double brier = 0, loss = 0, gain = 0, gain_squares = 0;
  double sum_late = 0, sum_on_time = 0, sum_squares = 0;
  for (uint32_t index = 0; index < count; index++) {
    bool late = flights[ranked[index]] & LATE;
    double probability = stated_for[ranked[index]], outcome = late ? 1 : 0;
    double own = square(probability - outcome), better = square(base - outcome) - own;
    brier += own;
    loss += log_loss(probability, late);
    gain += better;
    gain_squares += square(better);
    *(late ? &sum_late : &sum_on_time) += probability;
    sum_squares += square(probability);
  }
  double all = count == 0 ? 1 : count, on_time = (double)count - late_count;
  double variance = gain_squares / all - square(gain / all);
  double spread = sum_squares / all - square((sum_late + sum_on_time) / all);
  bool both = late_count != 0 && on_time != 0;
  we_json_begin_object(json, name);
  we_json_add_number(json, "brier", brier / all);
  we_json_add_number(json, "logLoss", loss / all);
  we_json_add_number(json, "auc", area_under_curve(stated_for, count, late_count));
  /* Mean Brier score below the base rate's, and the standard error of that mean were flights independent. */
  we_json_add_number(json, "gain", gain / all);
  we_json_add_number(json, "gainError", we_sqrt((variance > 0 ? variance : 0) / all));
  /* Mean probability of late flights minus that of flights on time; its standard error where there is no skill. */
  we_json_add_number(json, "discrimination", both ? sum_late / late_count - sum_on_time / on_time : 0);
  we_json_add_number(json, "discriminationError",
                     both ? we_sqrt((spread > 0 ? spread : 0) * (1.0 / late_count + 1 / on_time)) : 0);
  we_json_end(json);
}

static void describe(we_json_writer *json) {
  double base = training == 0 ? 0.5 : (double)training_late / training;
  double brier = 0, loss = 0;
  uint32_t count = 0, late_count = 0;
  for (uint32_t flight = 0; flight < FLIGHTS_MAX; flight++) {
    if ((flights[flight] & (SCORED | KNOWN)) != (SCORED | KNOWN)) continue;
    bool late = flights[flight] & LATE;
    brier += square(base - (late ? 1 : 0));
    loss += log_loss(base, late);
    late_count += late;
    ranked[count++] = (uint16_t)flight;
  }
  double scored = count == 0 ? 1 : count;
  we_json_add_number(json, "flights", known);
  we_json_add_number(json, "stated", stated);
  we_json_add_number(json, "scored", count);
  we_json_add_number(json, "late", late_count);
  we_json_add_number(json, "trainingFlights", training);
  we_json_add_number(json, "baseRate", base);
  we_json_begin_object(json, "base");
  we_json_add_number(json, "brier", brier / scored);
  we_json_add_number(json, "logLoss", loss / scored);
  we_json_add_number(json, "auc", 0.5);
  we_json_end(json);
  describe_forecaster(json, "calendar", calendar, count, late_count, base);
  describe_forecaster(json, "full", with_mail, count, late_count, base);
}

WE_AGENT(.on_start = on_start, .on_message = on_message, .describe = describe);
