#include "test/support/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/clock.h"
#include "test/support/machine.h"

namespace pcapper::test {
namespace {

constexpr const char* kNames[] = {"hosts", "nsswitch.conf", "resolv.conf"};

}  // namespace

SilentResolver::SilentResolver(const std::string& hosts)
    : server_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  Shell("ip link set lo up");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(server_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no port for a DNS server");
  }
  Mount("hosts", hosts);
  Mount("nsswitch.conf", "hosts: files dns\nservices: files\nnetworks: files\n");
  Mount("resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:30\n");
}

SilentResolver::~SilentResolver() {
  for (const std::string name : kNames) umount2(("/etc/" + name).c_str(), MNT_DETACH);
}

void SilentResolver::Mount(const std::string& name, const std::string& text) {
  WriteFile(files_ / name, text);
  const std::string place = "/etc/" + name;
  if (!Exists(place)) return;
  if (mount((files_ / name).c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    throw std::runtime_error("cannot mount " + place);
  }
}

bool SilentResolver::Heard(int milliseconds) const {
  pollfd question{.fd = server_.get(), .events = POLLIN, .revents = 0};
  return poll(&question, 1, milliseconds) == 1;
}

bool SilentResolver::IsAsked() const { return Heard(0); }

bool SilentResolver::AwaitQuestion() const { return Heard(10'000); }

bool SilentResolver::Deny() const {
  const int64_t limit = MonotonicNow() + 10 * kNanosecondsPerSecond;
  while (LookupRuns() && MonotonicNow() < limit) {
    if (!Heard(10)) continue;
    unsigned char message[512];
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t bytes =
        recvfrom(server_.get(), message, sizeof message, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (bytes < 12) continue;
    // RFC 1035, 4.1.1: the question as a response of RCODE 3.
    message[2] |= 0x80;
    message[3] = 3;
    const ssize_t ignored = sendto(server_.get(), message, static_cast<size_t>(bytes), 0,
                                   reinterpret_cast<const sockaddr*>(&from), length);
    static_cast<void>(ignored);
  }
  return !LookupRuns();
}

// A list of threads that come and go may lack one that stays: it counts only where two agree.
size_t Lookups() {
  const std::string tasks = "/proc/self/task";
  for (;;) {
    const std::vector<std::string> threads = NamesIn(tasks);
    size_t lookups = 0;
    for (const std::string& thread : threads) {
      std::string name;
      std::getline(std::ifstream(tasks + "/" + thread + "/comm"), name);
      if (name == "pcapper-names") lookups++;
    }
    if (NamesIn(tasks) == threads) return lookups;
  }
}

bool LookupRuns() { return Lookups() > 0; }

}  // namespace pcapper::test
