// The frame every sender of the bench sends, and where its moving parts lie.
#pragma once
#include <stdint.h>
#include <string.h>

enum {
  SEQUENCE_OFFSET = 42,  // u64: 0, 1, 2, … in the order of sending, so every frame differs
  SENT_AT_OFFSET = 50,   // u64: CLOCK_MONOTONIC in nanoseconds when the frame was sent
  SMALLEST_FRAME = 58,
  LARGEST_FRAME = 1514,
  PORT_OFFSET = 36,  // u16: the UDP destination port
  COMMON_PORT = 9000,
  RARE_PORT = 9053,  // of each RARE_EVERY frames one goes here: what the filter lets through
  RARE_EVERY = 50,
};

// UDP over IPv4 to a MAC that belongs to nobody, so that the IP stack drops the frame at once.
static inline void make_frame(uint8_t* frame, uint16_t length) {
  static const uint8_t ethernet[14] = {0x02, 0xbe, 0xef, 0, 0, 1, 0x02, 0xbe, 0xef, 0, 0, 2, 0x08, 0x00};
  uint16_t ip_length = (uint16_t)(length - 14), udp_length = (uint16_t)(length - 34);
  uint8_t headers[28] = {0x45,
                         0,
                         (uint8_t)(ip_length >> 8),
                         (uint8_t)ip_length,
                         0,
                         0,
                         0,
                         0,
                         64,
                         17,
                         0,
                         0,
                         198,
                         18,
                         0,
                         1,
                         198,
                         18,
                         0,
                         2,
                         0x1f,
                         0x90,
                         COMMON_PORT >> 8,
                         COMMON_PORT & 255,
                         (uint8_t)(udp_length >> 8),
                         (uint8_t)udp_length,
                         0,
                         0};
  uint32_t sum = 0;
  for (int i = 0; i < 20; i += 2) sum += (uint32_t)(headers[i] << 8 | headers[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  headers[10] = (uint8_t)(~sum >> 8);
  headers[11] = (uint8_t)~sum;
  memcpy(frame, ethernet, sizeof ethernet);
  memcpy(frame + 14, headers, sizeof headers);
  for (int i = 42; i < length; i++) frame[i] = (uint8_t)i;
}
