#include "test/support/machine.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "engine/unique_fd.h"

namespace pcapper::test {

void Shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

bool HasNamespaces() {
  const char* said = std::getenv("PCAPPER_NAMESPACES");
  if (said != nullptr && *said != '\0') return true;
  MESSAGE("skipped: no network and mount namespaces of its own");
  return false;
}

SmallDisk::SmallDisk(const std::string& kind, const std::string& size) {
  base_ = (std::filesystem::temp_directory_path() / "pcapper-disk-XXXXXX").string();
  if (mkdtemp(base_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = base_ + "/mounted";
  std::filesystem::create_directory(path_);
  std::string command = "mount -t " + kind + (kind == "tmpfs" ? " -o size=" + size : "") + " none " + path_;
  if (kind == "ext4" || kind == "xfs") {
    const std::string image = base_ + "/image";
    const std::string quiet = kind == "ext4" ? " -q -m 0 " : " -q ";
    command = "truncate -s " + size + " " + image + " && mkfs." + kind + quiet + image +
              " && mount -o loop " + image + " " + path_;
  }
  mounted_ = std::system(("{ " + command + "; } 2>/dev/null").c_str()) == 0;
  if (!mounted_) MESSAGE("skipped: this machine does not mount a ", kind, " of its own");
}

SmallDisk::~SmallDisk() {
  if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  std::error_code ignored;
  std::filesystem::remove_all(base_, ignored);
}

Link::Link() {
  Shell("ip link set lo up && ip link add near0 type veth peer name far0");
  Shell(
      "sysctl -qw net.ipv6.conf.near0.disable_ipv6=1 net.ipv6.conf.far0.disable_ipv6=1 2>/dev/null || true");
  Shell("ip link set near0 up && ip link set far0 up");
  socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(if_nametoindex("far0"));
  if (socket_ < 0 || bind(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    throw std::runtime_error("no packet socket");
  }
}

Link::~Link() {
  close(socket_);
  const int ignored = std::system("ip link del far0 2>/dev/null");
  static_cast<void>(ignored);
}

void Link::Send(uint64_t frames, uint32_t bytes) const {
  std::string frame(bytes, 'p');
  // To 02:00:00:00:00:09 from 02:00:00:00:00:02, an Ethernet type for experiments.
  const unsigned char head[] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
  std::memcpy(frame.data(), head, sizeof head);
  SendFrames(frames, frame);
}

void Link::SendTagged(uint64_t frames) const {
  std::string frame(64, 'p');
  const unsigned char head[] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 7, 8, 0};
  std::memcpy(frame.data(), head, sizeof head);
  SendFrames(frames, frame);
}

void Link::SendFrames(uint64_t frames, const std::string& frame) const {
  for (uint64_t sent = 0; sent < frames;) {
    if (send(socket_, frame.data(), frame.size(), 0) >= 0) {
      sent++;
    } else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
      throw std::runtime_error(std::string("sending: ") + strerror(errno));
    }
  }
}

void SendOverLoopback(uint64_t datagrams) {
  const UniqueFd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UniqueFd receiver(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9999);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Somebody listens, so that no "port unreachable" comes back.
  if (bind(receiver.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    throw std::runtime_error("no port on lo");
  }
  for (uint64_t sent = 0; sent < datagrams; sent++) {
    const ssize_t ignored = sendto(sender.get(), "hello", 5, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    static_cast<void>(ignored);
  }
}

}  // namespace pcapper::test
