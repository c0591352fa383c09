// steady INTERFACE: frames out of an interface, as told on standard input. A line `FIRST COUNT LENGTH RATE`
// sends frames numbered from FIRST to a MAC that nobody has, every fourth of them noise; then comes `done`.
// Before, for each batch `FIRST SENT FAILED FROM TO`: numbers of frames that went out between two looks at
// the clock (ns since 1970), and how many behind them did not: the interface was down or gone.
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "common.h"
#include "udp.h"

enum { BATCH = 64, LARGEST = 1514, SMALLEST = 60, PAUSE_NANOSECONDS = 2000000 };

static uint8_t frames[BATCH][LARGEST];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static void make_frame(uint8_t* frame, size_t length, uint64_t sequence) {
  static const uint8_t head[] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 2, ETH_P_IP >> 8, ETH_P_IP & 0xff};
  fill(frame, length, sequence);
  memcpy(frame, head, sizeof head);
  udp4_headers(frame + sizeof head, length - sizeof head, is_noise(sequence) ? NOISE_PORT : MATCHING_PORT);
}

static uint64_t clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// A frame that is refused is not tried again: it did not reach anybody.
static void send_batch(int sender, size_t length, uint64_t first, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    make_frame(frames[i], length, first + i);
    parts[i] = (struct iovec){frames[i], length};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  for (unsigned done = 0; done < count;) {
    uint64_t from = clock_now();
    int sent = sendmmsg(sender, messages + done, count - done, 0);
    uint64_t to = clock_now();
    unsigned failed = sent < 0 ? 1 : 0;
    if (sent < 0) sent = 0;
    printf("%" PRIu64 " %d %u %" PRIu64 " %" PRIu64 "\n", first + done, sent, failed, from, to);
    done += (unsigned)sent + failed;
  }
}

static void send_steadily(int sender, uint64_t first, uint64_t total, size_t length, double rate) {
  double start = now_seconds();
  for (uint64_t sent = 0; sent < total;) {
    double wanted = (now_seconds() - start) * rate + 1;
    uint64_t batch = wanted > (double)sent ? (uint64_t)(wanted - (double)sent) : 0;
    if (batch > total - sent) batch = total - sent;
    if (batch > BATCH) batch = BATCH;
    if (batch == 0) {
      nanosleep(&(struct timespec){.tv_nsec = PAUSE_NANOSECONDS}, NULL);
      continue;
    }
    send_batch(sender, length, first + sent, (unsigned)batch);
    sent += batch;
  }
}

int main(int count, char** arguments) {
  if (count != 2) return fail("steady: one argument");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(arguments[1])};
  int on = 1;
  int sender = socket(AF_PACKET, SOCK_RAW, 0);
  if (sender < 0 || bind(sender, (struct sockaddr*)&address, sizeof address) < 0)
    return fail("steady: socket");
  if (setsockopt(sender, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0) return fail("steady: bypass");
  char line[128];
  while (fgets(line, sizeof line, stdin) != NULL) {
    uint64_t first, total;
    size_t length;
    double rate;
    if (sscanf(line, "%" SCNu64 " %" SCNu64 " %zu %lf", &first, &total, &length, &rate) != 4)
      return fail("steady: a line");
    if (length < SMALLEST || length > LARGEST) return fail("steady: length");
    send_steadily(sender, first, total, length, rate);
    printf("done\n");
    fflush(stdout);
  }
  return 0;
}
