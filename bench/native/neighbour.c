// neighbour FILE SECONDS: what another process on the same disk feels: it appends 4 KiB and calls fdatasync,
// all the time, as a small database's log does, and prints the latencies in microseconds as JSON.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pace.h"

enum { MOST_WRITES = 1 << 20 };

static uint32_t latency_us[MOST_WRITES];
static char block[4096];

static int ascending(const void* a, const void* b) {
  uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
  return x < y ? -1 : x > y;
}

static uint32_t percentile(size_t writes, double part) {
  return latency_us[(size_t)((double)(writes - 1) * part)];
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  int file = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0640);
  if (file < 0) return perror(arguments[1]), 1;
  uint64_t end = now_ns() + (uint64_t)(atof(arguments[2]) * 1e9);
  size_t writes = 0;
  for (uint64_t before = now_ns(); before < end && writes < MOST_WRITES; before = now_ns()) {
    if (write(file, block, sizeof block) != sizeof block || fdatasync(file) != 0)
      return perror("neighbour: write"), 1;
    latency_us[writes++] = (uint32_t)((now_ns() - before) / 1000);
  }
  qsort(latency_us, writes, sizeof *latency_us, ascending);
  printf("{\"writes\":%zu,\"p50Us\":%u,\"p99Us\":%u,\"maxUs\":%u}\n", writes, percentile(writes, 0.5),
         percentile(writes, 0.99), latency_us[writes - 1]);
  return 0;
}
