/* Product of two matrices of 128 × 128 doubles per round: the plainest inner loop with floating point. */
#include "kernel.h"

enum { size = 128 };
static double a[size][size], b[size][size], c[size][size];

ROUND void multiply(void) {
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      double sum = 0;
      for (int k = 0; k < size; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t random = 19650218, hash = 2166136261u;
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      a[i][j] = (double)(next_random(&random) & 1023) / 64 - 8;
      b[i][j] = (double)(next_random(&random) & 1023) / 64 - 8;
    }
  for (uint32_t round = 0; round < rounds; round++) {
    multiply();
    for (int i = 0; i < size; i++) {
      hash = mix_double(hash, c[i][(i * 7) % size]);
      a[i][i] = (double)(hash & 1023) / 64 - 8;
    }
  }
  return hash;
}
