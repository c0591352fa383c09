// stream serve PORT: takes one TCP connection and sends back what comes, until the other side ends.
// stream send ADDRESS PORT BYTES: sends BYTES, reads them back, compares.
// The server ends only when the last packet of the connection has arrived.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum { STEP = 65536 };

static uint8_t outgoing[STEP], incoming[STEP];

static int write_all(int stream, const uint8_t* data, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t result = write(stream, data + done, length - done);
    if (result < 0) return -1;
    done += (size_t)result;
  }
  return 0;
}

static int is_closed(int stream) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  return getsockopt(stream, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 || info.tcpi_state == TCP_CLOSE;
}

static int serve(uint16_t port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&name, sizeof name) < 0 || listen(listener, 1) < 0)
    return fail("stream: listen");
  puts("listening");
  fflush(stdout);
  int stream = accept(listener, NULL, NULL);
  for (ssize_t got; (got = read(stream, incoming, STEP)) != 0;)
    if (got < 0 || write_all(stream, incoming, (size_t)got) < 0) return fail("stream: echo");
  shutdown(stream, SHUT_WR);
  while (!is_closed(stream)) usleep(500);
  return 0;
}

static int read_back(int stream, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t result = read(stream, incoming + done, length - done);
    if (result <= 0) return -1;
    done += (size_t)result;
  }
  return memcmp(outgoing, incoming, length);
}

static int send_stream(const char* address, uint16_t port, uint64_t total) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
  int stream = socket(AF_INET, SOCK_STREAM, 0);
  inet_pton(AF_INET, address, &name.sin_addr);
  if (connect(stream, (struct sockaddr*)&name, sizeof name) < 0) return fail("stream: connect");
  for (uint64_t sent = 0, step = 0; sent < total; step++) {
    size_t length = total - sent < STEP ? (size_t)(total - sent) : STEP;
    fill(outgoing, length, step);
    if (write_all(stream, outgoing, length) < 0 || read_back(stream, length) != 0)
      return fail("stream: data");
    sent += length;
  }
  shutdown(stream, SHUT_WR);
  return read(stream, incoming, 1) == 0 ? 0 : fail("stream: end");
}

int main(int count, char** arguments) {
  if (count == 3) return serve((uint16_t)atoi(arguments[2]));
  if (count == 5)
    return send_stream(arguments[2], (uint16_t)atoi(arguments[3]), strtoull(arguments[4], NULL, 10));
  return 2;
}
