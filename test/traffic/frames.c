// frames INTERFACE KIND FIRST COUNT LENGTH RATE: sends COUNT Ethernet frames numbered from FIRST to a MAC
// that nobody has. KIND: udp4 udp6 arp vlan (802.1Q, id 42), flows (udp4, each of another source and port).
// Every fourth frame is noise.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "common.h"
#include "udp.h"

enum { BATCH = 64, LARGEST = 9000, EXPERIMENTAL_TYPE = 0x88b5 };

static uint8_t frames[BATCH][LARGEST];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static size_t ethernet(uint8_t* frame, uint16_t type) {
  static const uint8_t addresses[] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 2};
  memcpy(frame, addresses, sizeof addresses);
  put16(frame + 12, type);
  return 14;
}

static size_t vlan_tag(uint8_t* at, uint16_t id, uint16_t type) {
  put16(at, id);
  put16(at + 2, type);
  return 4;
}

static size_t arp_request(uint8_t* at) {
  static const uint8_t head[] = {0,   1, 8, 0, 6, 4, 0, 1, 2, 0, 0,   0, 0, 2,
                                 192, 0, 2, 2, 0, 0, 0, 0, 0, 0, 192, 0, 2, 9};
  memcpy(at, head, sizeof head);
  return sizeof head;
}

// Noise of a VLAN is another VLAN, of a type no protocol of the kernel takes.
static size_t vlan_frame(uint8_t* frame, size_t length, int noise) {
  size_t at = ethernet(frame, ETH_P_8021Q);
  if (noise) return at + vlan_tag(frame + at, 43, EXPERIMENTAL_TYPE);
  at += vlan_tag(frame + at, 42, ETH_P_IP);
  return at + udp4_headers(frame + at, length - at, MATCHING_PORT);
}

// Of an address in 10.0.0.0/8 and a port by its number: no two of the first 2^24 are of one flow.
static void flow_frame(uint8_t* frame, size_t length, uint64_t sequence, int noise) {
  size_t at = ethernet(frame, ETH_P_IP);
  udp4_headers(frame + at, length - at, noise ? NOISE_PORT : MATCHING_PORT);
  frame[at + 12] = 10;
  frame[at + 13] = (uint8_t)(sequence >> 16);
  put16(frame + at + 14, (uint16_t)sequence);
  put16(frame + at + 20, (uint16_t)(1024 + sequence % 60000));
  put16(frame + at + 10, 0);
  put16(frame + at + 10, ip_checksum(frame + at, 20));
}

static void make_frame(uint8_t* frame, const char* kind, size_t length, uint64_t sequence) {
  int noise = is_noise(sequence);
  size_t at;
  fill(frame, length, sequence);
  if (strcmp(kind, "vlan") == 0) {
    vlan_frame(frame, length, noise);
  } else if (strcmp(kind, "flows") == 0) {
    flow_frame(frame, length, sequence, noise);
  } else if (strcmp(kind, "arp") == 0 && !noise) {
    at = ethernet(frame, ETH_P_ARP);
    arp_request(frame + at);
  } else if (strcmp(kind, "udp6") == 0 && !noise) {
    at = ethernet(frame, ETH_P_IPV6);
    udp6_headers(frame + at, length - at, MATCHING_PORT);
  } else {
    at = ethernet(frame, ETH_P_IP);
    udp4_headers(frame + at, length - at, noise ? NOISE_PORT : MATCHING_PORT);
  }
}

static int send_all(int sender, uint64_t count) {
  for (uint64_t sent = 0; sent < count;) {
    int result = sendmmsg(sender, messages + sent, (unsigned)(count - sent), 0);
    if (result > 0)
      sent += (uint64_t)result;
    else if (errno != ENOBUFS && errno != EAGAIN)
      return -1;
  }
  return 0;
}

int main(int count, char** arguments) {
  if (count != 7) return fail("frames: six arguments");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(arguments[1])};
  uint64_t first = strtoull(arguments[3], NULL, 10), total = strtoull(arguments[4], NULL, 10);
  size_t length = strtoul(arguments[5], NULL, 10);
  double rate = atof(arguments[6]);
  int on = 1;
  int sender = socket(AF_PACKET, SOCK_RAW, 0);
  if (length > LARGEST || length < 60) return fail("frames: length");
  if (sender < 0 || bind(sender, (struct sockaddr*)&address, sizeof address) < 0)
    return fail("frames: socket");
  if (setsockopt(sender, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0) return fail("frames: bypass");
  for (unsigned i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){frames[i], length};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  double start = now_seconds();
  for (uint64_t sent = 0; sent < total;) {
    uint64_t batch = due(start, rate, sent, total - sent, BATCH);
    for (uint64_t i = 0; i < batch; i++) make_frame(frames[i], arguments[2], length, first + sent + i);
    if (send_all(sender, batch) < 0) return fail("frames: send");
    sent += batch;
  }
  return 0;
}
