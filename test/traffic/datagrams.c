// datagrams ADDRESS FIRST COUNT LENGTH RATE SEGMENT: UDP through the IP stack, every fourth datagram noise.
// SEGMENT > 0: each is one large packet that hardware would cut into segments of that size (UDP GSO).
// To 127.0.0.1 both ports are taken first, so that no ICMP comes back.
#include <arpa/inet.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common.h"

static uint8_t payload[65536];

static struct sockaddr_in to(const char* address, uint16_t port) {
  struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}

static int take_port(const char* address, uint16_t port) {
  struct sockaddr_in name = to(address, port);
  return bind(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr*)&name, sizeof name);
}

int main(int count, char** arguments) {
  if (count != 7) return fail("datagrams: six arguments");
  const char* address = arguments[1];
  uint64_t first = strtoull(arguments[2], NULL, 10), total = strtoull(arguments[3], NULL, 10);
  size_t length = strtoul(arguments[4], NULL, 10);
  double rate = atof(arguments[5]);
  int segment = atoi(arguments[6]);
  int sender = socket(AF_INET, SOCK_DGRAM, 0);
  if (strncmp(address, "127.", 4) == 0 &&
      (take_port(address, MATCHING_PORT) < 0 || take_port(address, NOISE_PORT) < 0))
    return fail("datagrams: bind");
  if (segment > 0 && setsockopt(sender, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0)
    return fail("datagrams: UDP_SEGMENT");
  struct sockaddr_in matching = to(address, MATCHING_PORT), noise = to(address, NOISE_PORT);
  double start = now_seconds();
  for (uint64_t sent = 0; sent < total;) {
    for (uint64_t batch = due(start, rate, sent, total - sent, 64); batch > 0; batch--, sent++) {
      fill(payload, length, first + sent);
      struct sockaddr* name = (struct sockaddr*)(is_noise(first + sent) ? &noise : &matching);
      if (sendto(sender, payload, length, 0, name, sizeof matching) != (ssize_t)length)
        return fail("datagrams: sendto");
    }
  }
  return 0;
}
