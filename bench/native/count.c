// count LENGTH FILE…: a strict reader of pcap files that shares no code with any writer. Prints as JSON how
// many of the bench's frames they hold; anything that should not be there is a problem, in words.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"

struct range {
  uint64_t first, last;
};

static const char* problem = "";
static uint64_t packets, bytes, first_sent_at = UINT64_MAX;
static uint32_t frame_length;

static uint32_t u32(const uint8_t* at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t u64(const uint8_t* at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static void check(int holds, const char* otherwise) {
  if (!holds && *problem == 0) problem = otherwise;
}

static void read_record(const uint8_t* record, uint32_t ticks_per_second, struct range* range) {
  const uint8_t* frame = record + 16;
  check(u32(record + 4) < ticks_per_second, "a timestamp's fraction of a second is too large");
  check(u32(record + 8) == frame_length && u32(record + 12) == frame_length, "a record of the wrong length");
  if (*problem) return;
  uint64_t sequence = u64(frame + SEQUENCE_OFFSET), sent_at = u64(frame + SENT_AT_OFFSET);
  check(frame[0] == 0x02 && frame[1] == 0xbe && frame[2] == 0xef, "a frame that the bench did not send");
  check(range->last == UINT64_MAX || sequence > range->last, "frames twice or out of order");
  if (range->first == UINT64_MAX) range->first = sequence;
  range->last = sequence;
  if (sent_at < first_sent_at) first_sent_at = sent_at;
  packets++;
}

static void read_file(const uint8_t* data, uint64_t size, struct range* range) {
  check(size >= 24, "a file shorter than its header");
  if (*problem) return;
  uint32_t magic = u32(data);
  check(magic == 0xa1b23c4d || magic == 0xa1b2c3d4, "not a pcap file");
  check(u32(data + 20) == 1, "a link type other than Ethernet");
  uint32_t ticks_per_second = magic == 0xa1b23c4d ? 1000000000u : 1000000u;
  uint64_t at = 24;
  while (*problem == 0 && at + 16 + frame_length <= size) {
    read_record(data + at, ticks_per_second, range);
    at += 16 + frame_length;
  }
  check(at == size, "a record cut short at a file's end");
  bytes += size;
}

static void open_and_read(const char* path, struct range* range) {
  struct stat status;
  int file = open(path, O_RDONLY);
  check(file >= 0 && fstat(file, &status) == 0, "a file that cannot be opened");
  if (*problem) return;
  check(status.st_size > 0, "an empty file");
  if (*problem) return;
  void* data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  check(data != MAP_FAILED, "a file that cannot be mapped");
  if (*problem) return;
  madvise(data, (size_t)status.st_size, MADV_SEQUENTIAL);
  read_file(data, (uint64_t)status.st_size, range);
  munmap(data, (size_t)status.st_size);
}

static int by_first(const void* a, const void* b) {
  const struct range *x = a, *y = b;
  return x->first < y->first ? -1 : x->first > y->first;
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  frame_length = (uint32_t)atoi(arguments[1]);
  int files = count - 2;
  struct range* ranges = calloc((size_t)files, sizeof *ranges);
  if (ranges == NULL) return 1;
  for (int i = 0; i < files; i++) {
    ranges[i] = (struct range){UINT64_MAX, UINT64_MAX};
    open_and_read(arguments[i + 2], &ranges[i]);
  }
  qsort(ranges, (size_t)files, sizeof *ranges, by_first);
  for (int i = 1; i < files; i++)
    check(ranges[i].first == UINT64_MAX || ranges[i].first > ranges[i - 1].last, "files that overlap");
  printf("{\"files\":%d,\"packets\":%llu,\"bytes\":%llu,\"firstSentAtNs\":\"%llu\",\"problem\":\"%s\"}\n",
         files, (unsigned long long)packets, (unsigned long long)bytes,
         (unsigned long long)(packets ? first_sent_at : 0), problem);
  free(ranges);
  return 0;
}
