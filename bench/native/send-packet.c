// send-packet INTERFACE LENGTH RATE TOTAL: the second choice, where live frames are not allowed: sendmmsg on
// a packet socket past the queueing discipline. Run in the namespace of the *other* end of the pair.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "frame.h"
#include "pace.h"

enum { BATCH = 64 };

static uint8_t frames_of_batch[BATCH][LARGEST_FRAME];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];
static int packet_socket;
static uint64_t sequence;

static int open_socket(unsigned interface) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)interface};
  int on = 1;
  packet_socket = socket(AF_PACKET, SOCK_RAW, 0);
  if (packet_socket < 0) return -1;
  if (setsockopt(packet_socket, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0) return -1;
  return bind(packet_socket, (struct sockaddr*)&address, sizeof address);
}

static void mark(uint8_t* frame) {
  uint16_t port = htons(sequence % RARE_EVERY == 0 ? RARE_PORT : COMMON_PORT);
  uint64_t now = now_ns();
  memcpy(frame + PORT_OFFSET, &port, sizeof port);
  memcpy(frame + SEQUENCE_OFFSET, &sequence, sizeof sequence);
  memcpy(frame + SENT_AT_OFFSET, &now, sizeof now);
  sequence++;
}

static int send_batch(unsigned frames) {
  for (unsigned i = 0; i < frames; i++) mark(frames_of_batch[i]);
  for (unsigned sent = 0; sent < frames;) {
    int result = sendmmsg(packet_socket, messages + sent, frames - sent, 0);
    if (result > 0)
      sent += (unsigned)result;
    else if (errno != ENOBUFS && errno != EAGAIN)
      return -1;
  }
  return 0;
}

static int send_burst(uint32_t frames) {
  while (frames > 0) {
    unsigned batch = frames < BATCH ? frames : BATCH;
    if (send_batch(batch) < 0) return -1;
    frames -= batch;
  }
  return 0;
}

int main(int count, char** arguments) {
  if (count != 5) return 2;
  unsigned interface = if_nametoindex(arguments[1]);
  uint16_t length = (uint16_t)atoi(arguments[2]);
  if (interface == 0 || length < SMALLEST_FRAME || length > LARGEST_FRAME) return 2;
  for (unsigned i = 0; i < BATCH; i++) {
    make_frame(frames_of_batch[i], length);
    parts[i] = (struct iovec){frames_of_batch[i], length};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  if (open_socket(interface) < 0) return perror("send-packet: socket"), 1;
  if (send_paced(strtoull(arguments[4], NULL, 10), atof(arguments[3]), send_burst) < 0)
    return perror("send-packet: send"), 1;
  return 0;
}
