/* Fourier transform of 4,096 complex doubles, there and back, per round: strides and butterflies. */
#include "kernel.h"

enum { points = 4096, bits = 12 };
static double re[points], im[points], cosine[points / 2], sine[points / 2];

static void fill_tables(void) {
  /* By rotation from the exact first step. */
  double c = 1, s = 0, step_c = 0.99999882345170188, step_s = 0.0015339801862847655;
  for (int i = 0; i < points / 2; i++) {
    cosine[i] = c, sine[i] = s;
    double next = c * step_c - s * step_s;
    s = s * step_c + c * step_s, c = next;
  }
}

ROUND void transform(double sign) {
  for (uint32_t i = 0; i < points; i++) {
    uint32_t j = 0;
    for (uint32_t bit = 0; bit < bits; bit++) j |= ((i >> bit) & 1) << (bits - 1 - bit);
    if (j <= i) continue;
    double a = re[i], b = im[i];
    re[i] = re[j], im[i] = im[j], re[j] = a, im[j] = b;
  }
  for (uint32_t half = 1; half < points; half *= 2)
    for (uint32_t start = 0; start < points; start += 2 * half)
      for (uint32_t k = 0; k < half; k++) {
        uint32_t turn = k * (points / 2 / half), low = start + k, high = low + half;
        double wr = cosine[turn], wi = sign * sine[turn];
        double a = re[high] * wr - im[high] * wi, b = re[high] * wi + im[high] * wr;
        re[high] = re[low] - a, im[high] = im[low] - b;
        re[low] += a, im[low] += b;
      }
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t random = 123456789, hash = 2166136261u;
  fill_tables();
  for (int i = 0; i < points; i++) re[i] = (double)(next_random(&random) & 255) - 128, im[i] = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    transform(1), transform(-1);
    for (int i = 0; i < points; i++) re[i] *= 1.0 / points, im[i] *= 1.0 / points;
  }
  for (int i = 0; i < points; i += 16) hash = mix_double(mix_double(hash, re[i]), im[i]);
  return hash;
}
