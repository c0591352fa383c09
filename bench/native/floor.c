// floor INTERFACE FILE FILTER: the least a libpcap writer can do: pcap_loop, a copy into a 4 MiB aligned
// buffer, whole blocks by O_DIRECT. No rotation, no flush timer, no statistics. What pcapper is held against.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 4 << 20, ALIGNMENT = 4096, RING = 64 << 20, SNAP_LENGTH = 262144, TIMEOUT_MS = 100 };

struct record_header {
  uint32_t seconds, nanoseconds, kept, length;
};

static pcap_t* handle;
static uint8_t* buffer;
static size_t used;
static int64_t written;
static int file;

static void die(const char* what) {
  fprintf(stderr, "floor: %s: %s\n", what, handle ? pcap_geterr(handle) : "failed");
  exit(1);
}

static void write_buffer(size_t length) {
  if (write(file, buffer, length) != (ssize_t)length) perror("floor: write"), exit(1);
}

static void append(const void* data, size_t length) {
  while (length > 0) {
    size_t part = length < BUFFER - used ? length : BUFFER - used;
    memcpy(buffer + used, data, part);
    data = (const uint8_t*)data + part;
    used += part;
    length -= part;
    written += (int64_t)part;
    if (used < BUFFER) return;
    write_buffer(BUFFER);
    used = 0;
  }
}

static void on_packet(u_char* user, const struct pcap_pkthdr* header, const u_char* data) {
  (void)user;
  struct record_header record = {(uint32_t)header->ts.tv_sec, (uint32_t)header->ts.tv_usec, header->caplen,
                                 header->len};
  append(&record, sizeof record);
  append(data, header->caplen);
}

static void on_signal(int number) {
  (void)number;
  pcap_breakloop(handle);
}

static void open_interface(const char* name, const char* filter) {
  char error[PCAP_ERRBUF_SIZE];
  struct bpf_program compiled;
  handle = pcap_create(name, error);
  if (handle == NULL) die(error);
  pcap_set_snaplen(handle, SNAP_LENGTH);
  pcap_set_promisc(handle, 1);
  pcap_set_timeout(handle, TIMEOUT_MS);
  pcap_set_buffer_size(handle, RING);
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  if (pcap_activate(handle) != 0) die("activate");
  if (pcap_compile(handle, &compiled, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) die("filter");
  if (pcap_setfilter(handle, &compiled) != 0) die("filter");
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  open_interface(arguments[1], arguments[3]);
  file = open(arguments[2], O_WRONLY | O_CREAT | O_EXCL | O_DIRECT, 0640);
  if (file < 0) return perror(arguments[2]), 1;
  buffer = aligned_alloc(ALIGNMENT, BUFFER);
  if (buffer == NULL) die("memory");
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  const struct pcap_file_header header = {0xa1b23c4d, 2, 4, 0, 0, SNAP_LENGTH, DLT_EN10MB};
  append(&header, sizeof header);
  if (pcap_loop(handle, -1, on_packet, NULL) == PCAP_ERROR) die("loop");
  write_buffer((used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  if (ftruncate(file, written) != 0 || close(file) != 0) return perror("floor: close"), 1;
  return 0;
}
