// tunnel INTERFACE COUNT LENGTH RATE: makes a tun device and is its far side. For each line on stdin COUNT
// packets of raw IPv4 pass: each even number is written into it, each odd one the kernel sends through it and
// is read (every fourth is noise). The device lives as long as this does: brought up with its far side there,
// it sends at once, while one that finds its far side later first swallows packets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "udp.h"

enum { IP_AND_UDP = 28 };

static uint8_t packet[65536], back[65536];

static int open_tun(const char* name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  int device = open("/dev/net/tun", O_RDWR);
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return device < 0 || ioctl(device, TUNSETIFF, &request) < 0 ? -1 : device;
}

static int come_in(int device, size_t length, uint16_t port) {
  udp4_headers(packet, length, port);
  return write(device, packet, length) == (ssize_t)length ? 0 : -1;
}

static int go_out(int device, int sender, size_t length, uint16_t port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, "192.0.2.9", &name.sin_addr);
  size_t payload = length - IP_AND_UDP;
  if (sendto(sender, packet + IP_AND_UDP, payload, 0, (struct sockaddr*)&name, sizeof name) < 0) return -1;
  if (read(device, back, sizeof back) != (ssize_t)length) return -1;
  return memcmp(back + IP_AND_UDP, packet + IP_AND_UDP, payload) == 0 ? 0 : -1;
}

static int pass(int device, int sender, uint64_t first, uint64_t total, size_t length, double rate) {
  double start = now_seconds();
  for (uint64_t sent = 0; sent < total; sent += due(start, rate, sent, total - sent, 1)) {
    uint64_t sequence = first + sent;
    uint16_t port = is_noise(sequence) ? NOISE_PORT : MATCHING_PORT;
    fill(packet, length, sequence);
    if ((sequence % 2 == 0 ? come_in(device, length, port) : go_out(device, sender, length, port)) < 0)
      return -1;
  }
  return 0;
}

int main(int count, char** arguments) {
  if (count != 5) return fail("tunnel: four arguments");
  uint64_t total = strtoull(arguments[2], NULL, 10), first = 0;
  size_t length = strtoul(arguments[3], NULL, 10);
  int device = open_tun(arguments[1]), sender = socket(AF_INET, SOCK_DGRAM, 0);
  if (device < 0) return fail("tunnel: open");
  setlinebuf(stdout);
  puts("made");
  for (; getchar() == '\n'; first += total) {
    if (pass(device, sender, first, total, length, atof(arguments[4])) < 0) return fail("tunnel: packet");
    puts("passed");
  }
  return 0;
}
