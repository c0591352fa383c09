// Shared by the senders: pacing, numbers from the command line, sequence numbers in packets.
#ifndef PCAPPER_TEST_COMMON_H
#define PCAPPER_TEST_COMMON_H
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MATCHING_PORT = 9999, NOISE_PORT = 9998, NOISE_EVERY = 4 };

// Every fourth packet is one that the test's filter does not match.
static inline int is_noise(uint64_t sequence) { return sequence % NOISE_EVERY == NOISE_EVERY - 1; }

// The last eight bytes of each packet are its number, big-endian; before them a pattern made of it.
static inline void fill(uint8_t* data, size_t length, uint64_t sequence) {
  memset(data, (int)(sequence & 0xff), length);
  for (size_t i = 0; i < 8 && i < length; i++) data[length - 1 - i] = (uint8_t)(sequence >> (8 * i));
}

static inline double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// How many of `left` packets may go now at `rate` a second, `sent` of them being out since `start`;
// sleeps until there is one. A rate of 0 means as fast as possible.
static inline uint64_t due(double start, double rate, uint64_t sent, uint64_t left, uint64_t most) {
  uint64_t allowed = left;
  while (rate > 0) {
    double wanted = (now_seconds() - start) * rate + 1;
    allowed = wanted > (double)sent ? (uint64_t)(wanted - (double)sent) : 0;
    if (allowed > 0) break;
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
  }
  if (allowed > left) allowed = left;
  return allowed > most ? most : allowed;
}

static inline int fail(const char* what) {
  perror(what);
  return 1;
}
#endif
