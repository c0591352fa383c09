// Sends a given number of frames at a given rate, in bursts of at most half a millisecond's worth.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Sleeps while there is time, spins for the last bit: sleeping alone is late by 50 µs and more.
static inline void wait_until(uint64_t deadline) {
  for (uint64_t now = now_ns(); now < deadline; now = now_ns()) {
    if (deadline - now < 200000) continue;
    struct timespec nap = {0, (long)(deadline - now - 150000)};
    if (nap.tv_nsec > 999999999) nap.tv_nsec = 999999999;
    nanosleep(&nap, NULL);
  }
}

// `send_burst` sends exactly that many frames, or returns -1. A late burst is caught up with.
static inline int send_paced(uint64_t total, double rate, int (*send_burst)(uint32_t frames)) {
  uint32_t burst = (uint32_t)(rate / 2000);
  if (burst < 1) burst = 1;
  uint64_t start = now_ns(), sent = 0;
  while (sent < total) {
    wait_until(start + (uint64_t)((double)sent / rate * 1e9));
    uint32_t frames = total - sent < burst ? (uint32_t)(total - sent) : burst;
    if (send_burst(frames) < 0) return -1;
    sent += frames;
  }
  double seconds = (double)(now_ns() - start) / 1e9;
  printf("{\"sent\":%llu,\"seconds\":%.6f}\n", (unsigned long long)sent, seconds);
  return 0;
}
