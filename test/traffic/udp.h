// Headers of UDP over IPv4 and IPv6, written byte by byte.
#ifndef PCAPPER_TEST_UDP_H
#define PCAPPER_TEST_UDP_H
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static inline void put16(uint8_t* at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static inline uint16_t ip_checksum(const uint8_t* data, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint32_t)(data[i] << 8 | data[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

// No checksum: IPv4 allows it.
static inline size_t udp_header(uint8_t* at, size_t length, uint16_t port) {
  put16(at, 4000);
  put16(at + 2, port);
  put16(at + 4, (uint16_t)length);
  put16(at + 6, 0);
  return 8;
}

// `length` is that of the IP packet.
static inline size_t udp4_headers(uint8_t* at, size_t length, uint16_t port) {
  static const uint8_t head[20] = {0x45, 0, 0,   0, 0, 0, 0x40, 0, 64, IPPROTO_UDP,
                                   0,    0, 192, 0, 2, 2, 192,  0, 2,  9};
  memcpy(at, head, sizeof head);
  put16(at + 2, (uint16_t)length);
  put16(at + 10, ip_checksum(at, sizeof head));
  return sizeof head + udp_header(at + sizeof head, length - sizeof head, port);
}

static inline size_t udp6_headers(uint8_t* at, size_t length, uint16_t port) {
  memset(at, 0, 40);
  at[0] = 0x60;
  put16(at + 4, (uint16_t)(length - 40));
  at[6] = IPPROTO_UDP;
  at[7] = 64;
  memcpy(at + 8, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
  at[23] = 2;
  memcpy(at + 24, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
  at[39] = 9;
  return 40 + udp_header(at + 40, length - 40, port);
}
#endif
