// tunnel INTERFACE FIRST COUNT LENGTH RATE: the far side of a tun device. Writes raw IPv4 packets into it,
// and reads what the kernel sends through it: each even number comes in, each odd one goes out (every fourth
// is noise).
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

int main(int count, char** arguments) {
  if (count != 6) return fail("tunnel: five arguments");
  uint64_t first = strtoull(arguments[2], NULL, 10), total = strtoull(arguments[3], NULL, 10);
  size_t length = strtoul(arguments[4], NULL, 10);
  double rate = atof(arguments[5]);
  int device = open_tun(arguments[1]), sender = socket(AF_INET, SOCK_DGRAM, 0);
  if (device < 0) return fail("tunnel: open");
  double start = now_seconds();
  for (uint64_t sent = 0; sent < total; sent += due(start, rate, sent, total - sent, 1)) {
    uint64_t sequence = first + sent;
    uint16_t port = is_noise(sequence) ? NOISE_PORT : MATCHING_PORT;
    fill(packet, length, sequence);
    if ((sequence % 2 == 0 ? come_in(device, length, port) : go_out(device, sender, length, port)) < 0)
      return fail("tunnel: packet");
  }
  return 0;
}
