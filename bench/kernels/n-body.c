/* Sixteen bodies, 1,000 steps per round: doubles in a chain, with division and square root. */
#include "kernel.h"

enum { bodies = 16, steps = 1000 };
typedef struct { double position[3], velocity[3], mass; } body;
static body system_[bodies];

ROUND void advance(double dt) {
  for (int step = 0; step < steps; step++) {
    for (int i = 0; i < bodies; i++)
      for (int j = i + 1; j < bodies; j++) {
        body *one = &system_[i], *two = &system_[j];
        double dx = one->position[0] - two->position[0];
        double dy = one->position[1] - two->position[1];
        double dz = one->position[2] - two->position[2];
        double square = dx * dx + dy * dy + dz * dz + 0.01;
        double pull = dt / (square * __builtin_sqrt(square));
        one->velocity[0] -= dx * two->mass * pull, two->velocity[0] += dx * one->mass * pull;
        one->velocity[1] -= dy * two->mass * pull, two->velocity[1] += dy * one->mass * pull;
        one->velocity[2] -= dz * two->mass * pull, two->velocity[2] += dz * one->mass * pull;
      }
    for (int i = 0; i < bodies; i++)
      for (int k = 0; k < 3; k++) system_[i].position[k] += dt * system_[i].velocity[k];
  }
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t random = 362436069, hash = 2166136261u;
  for (int i = 0; i < bodies; i++) {
    for (int k = 0; k < 3; k++) {
      system_[i].position[k] = (double)(next_random(&random) & 4095) / 256 - 8;
      system_[i].velocity[k] = (double)(next_random(&random) & 4095) / 4096 - 0.5;
    }
    system_[i].mass = (double)(1 + (next_random(&random) & 255)) / 64;
  }
  for (uint32_t round = 0; round < rounds; round++) advance(0.0005);
  for (int i = 0; i < bodies; i++)
    for (int k = 0; k < 3; k++) hash = mix_double(hash, system_[i].position[k]);
  return hash;
}
