/*
 * Scores the airports. It keeps each flight's stated probability until the outcome comes, learns the base rate from
 * flights that departed before `scoreFrom`, and scores the others: Brier score, log loss and AUC, each beside the
 * base rate's. Nothing is published; `describe` computes the table.
 */

#include "../../../sdk/c/wasm_engine.h"

#define FLIGHTS_MAX 32768

/* What is known of a flight, as bits. */
enum { STATED = 1, SCORED = 2, KNOWN = 4, LATE = 8 };

static double score_from_tick;
static double probabilities[FLIGHTS_MAX];
static uint8_t flights[FLIGHTS_MAX];
static uint32_t stated, known, training, training_late;
/* Probabilities of scored flights, in ascending order, with their outcome: filled by describe. */
static uint16_t ranked[FLIGHTS_MAX];

static void on_start(const we_message *message) {
  score_from_tick = we_json_number(we_json_parse(message->payload), "scoreFrom", 0);
}

static void on_statement(const we_message *message, uint32_t flight, we_json body) {
  if (flights[flight] & STATED) return;
  probabilities[flight] = we_json_number(body, "probability", 0.5);
  /* The statement was made one tick ago, at departure. */
  flights[flight] |= STATED | ((double)message->tick - 1 >= score_from_tick ? SCORED : 0);
  stated++;
}

static void on_outcome(uint32_t flight, we_json body) {
  if ((flights[flight] & KNOWN) || !(flights[flight] & STATED)) return;
  bool late = we_json_boolean(body, "late", false);
  flights[flight] |= KNOWN | (late ? LATE : 0);
  known++;
  if (flights[flight] & SCORED) return;
  training++;
  training_late += late;
}

static void on_message(const we_message *message) {
  we_json body = we_json_parse(message->payload);
  double flight = we_json_number(body, "flight", -1);
  if (!(flight >= 0 && flight < FLIGHTS_MAX)) return we_fail(1);
  if (we_text_is(message->topic, "statement")) on_statement(message, (uint32_t)flight, body);
  else if (we_text_is(message->topic, "outcome")) on_outcome((uint32_t)flight, body);
}

static bool before(uint16_t left, uint16_t right) {
  return probabilities[left] < probabilities[right] || (probabilities[left] == probabilities[right] && left < right);
}

static void sift_down(uint32_t root, uint32_t count) {
  for (;;) {
    uint32_t child = 2 * root + 1;
    if (child >= count) return;
    if (child + 1 < count && before(ranked[child], ranked[child + 1])) child++;
    if (!before(ranked[root], ranked[child])) return;
    uint16_t swapped = ranked[root];
    ranked[root] = ranked[child];
    ranked[child] = swapped;
    root = child;
  }
}

static void sort_ranked(uint32_t count) {
  for (uint32_t root = count / 2; root-- > 0;) sift_down(root, count);
  for (uint32_t last = count; last-- > 1;) {
    uint16_t largest = ranked[0];
    ranked[0] = ranked[last];
    ranked[last] = largest;
    sift_down(0, last);
  }
}

/* Chance that a late flight was given a higher probability than one on time; equal ones count half. */
static double area_under_curve(uint32_t count, uint32_t late) {
  double rank_sum = 0;
  for (uint32_t first = 0; first < count;) {
    uint32_t next = first, tied_late = 0;
    while (next < count && probabilities[ranked[next]] == probabilities[ranked[first]]) {
      tied_late += (flights[ranked[next]] & LATE) != 0;
      next++;
    }
    rank_sum += tied_late * ((double)first + 1 + next) / 2;
    first = next;
  }
  double on_time = (double)count - late;
  return late == 0 || on_time == 0 ? 0.5 : (rank_sum - (double)late * (late + 1) / 2) / (late * on_time);
}

static double log_loss(double probability, bool late) {
  double given = late ? probability : 1 - probability;
  return -we_ln(given > 1e-12 ? given : 1e-12);
}

static void describe(we_json_writer *json) {
  double base = training == 0 ? 0.5 : (double)training_late / training;
  double brier = 0, brier_base = 0, loss = 0, loss_base = 0;
  uint32_t count = 0, late_count = 0;
  for (uint32_t flight = 0; flight < FLIGHTS_MAX; flight++) {
    if ((flights[flight] & (SCORED | KNOWN)) != (SCORED | KNOWN)) continue;
    bool late = flights[flight] & LATE;
    double outcome = late ? 1 : 0, own = probabilities[flight] - outcome;
    brier += own * own;
    brier_base += (base - outcome) * (base - outcome);
    loss += log_loss(probabilities[flight], late);
    loss_base += log_loss(base, late);
    late_count += late;
    ranked[count++] = (uint16_t)flight;
  }
  sort_ranked(count);
  double scored = count == 0 ? 1 : count;
  we_json_add_number(json, "flights", known);
  we_json_add_number(json, "scored", count);
  we_json_add_number(json, "late", late_count);
  we_json_add_number(json, "trainingFlights", training);
  we_json_add_number(json, "baseRate", base);
  we_json_add_number(json, "brier", brier / scored);
  we_json_add_number(json, "brierBase", brier_base / scored);
  we_json_add_number(json, "logLoss", loss / scored);
  we_json_add_number(json, "logLossBase", loss_base / scored);
  we_json_add_number(json, "auc", area_under_curve(count, late_count));
}

WE_AGENT(.on_start = on_start, .on_message = on_message, .describe = describe);
