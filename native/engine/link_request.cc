#include "engine/link_request.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "engine/failure.h"

namespace pcapper {
namespace {

constexpr size_t kAnswerBytes = 64 << 10;

// linux/if_link.h: what the device had no buffer for. Not rx_dropped: the kernel counts there also what no
// protocol took, tagged frames for one, after a packet socket has seen it.
uint64_t LostPackets(const rtattr& attribute) {
  if (attribute.rta_type != IFLA_STATS64 || RTA_PAYLOAD(&attribute) < sizeof(rtnl_link_stats64)) return 0;
  rtnl_link_stats64 counted;
  std::memcpy(&counted, RTA_DATA(&attribute), sizeof counted);
  return counted.rx_missed_errors;
}

}  // namespace

UniqueFd OpenNetlink(unsigned groups, int flags) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw Failure("CaptureError", "opening a netlink socket: " + ErrorText(errno));
  }
  return fd;
}

std::optional<LinkState> ReadLink(const nlmsghdr& message, int index) {
  if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK) return std::nullopt;
  const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  // A bridge announces a port that leaves it as AF_BRIDGE RTM_DELLINK; the port itself lives on.
  if (link->ifi_index != index || link->ifi_family != AF_UNSPEC) return std::nullopt;
  LinkState state{.exists = message.nlmsg_type == RTM_NEWLINK,
                  .loopback = (link->ifi_flags & IFF_LOOPBACK) != 0,
                  .lost = 0};
  auto left = static_cast<int>(message.nlmsg_len - NLMSG_LENGTH(sizeof *link));
  const auto* attribute =
      reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(link) + NLMSG_ALIGN(sizeof *link));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
    state.lost += LostPackets(*attribute);
  return state;
}

std::optional<LinkState> LinkRequest::Ask() const {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.link.ifi_family = AF_UNSPEC;
  request.link.ifi_index = index_;
  if (send(socket_.get(), &request, sizeof request, 0) < 0) return std::nullopt;
  alignas(nlmsghdr) char buffer[kAnswerBytes];
  const ssize_t bytes = recv(socket_.get(), buffer, sizeof buffer, 0);
  const auto* message = reinterpret_cast<const nlmsghdr*>(buffer);
  if (bytes <= 0 || !NLMSG_OK(message, static_cast<unsigned>(bytes))) return std::nullopt;
  if (message->nlmsg_type != NLMSG_ERROR) return ReadLink(*message, index_);
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
  if (error->error != -ENODEV) return std::nullopt;
  return LinkState{.exists = false, .loopback = false, .lost = 0};
}

}  // namespace pcapper
