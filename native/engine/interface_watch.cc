#include "engine/interface_watch.h"

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

constexpr size_t kMessageBytes = 64 << 10;

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

// linux/if_link.h: what the device had no buffer for. Not rx_dropped: the kernel counts there also what no
// protocol took, tagged frames for one, after a packet socket has seen it.
uint64_t LostPackets(const rtnl_link_stats64& counted) { return counted.rx_missed_errors; }

}  // namespace

InterfaceWatch::InterfaceWatch(int index) : index_(index) {
  if (index_ == 0) return;
  events_ = OpenNetlink(RTMGRP_LINK, SOCK_NONBLOCK);
  requests_ = OpenNetlink(0, 0);
  Refresh();
  dropped_before_ = dropped_;
}

void InterfaceWatch::ReadEvents() {
  alignas(nlmsghdr) char buffer[kMessageBytes];
  for (;;) {
    ssize_t bytes = recv(events_.get(), buffer, sizeof buffer, 0);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == ENOBUFS) {
      // Events were lost in a flood of them: ask instead.
      Refresh();
      continue;
    }
    if (bytes <= 0) return;
    auto* message = reinterpret_cast<nlmsghdr*>(buffer);
    for (auto left = static_cast<unsigned>(bytes); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      Take(*message);
    }
  }
}

void InterfaceWatch::Refresh() {
  if (index_ == 0 || !exists_) return;
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.link.ifi_family = AF_UNSPEC;
  request.link.ifi_index = index_;
  alignas(nlmsghdr) char buffer[kMessageBytes];
  if (send(requests_.get(), &request, sizeof request, 0) < 0) return;
  const ssize_t bytes = recv(requests_.get(), buffer, sizeof buffer, 0);
  auto* message = reinterpret_cast<nlmsghdr*>(buffer);
  if (bytes > 0 && NLMSG_OK(message, static_cast<unsigned>(bytes))) Take(*message);
}

void InterfaceWatch::Take(const nlmsghdr& message) {
  if (message.nlmsg_type == NLMSG_ERROR) {
    const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(&message));
    if (error->error == -ENODEV) exists_ = false;
    return;
  }
  if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK) return;
  const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  // A bridge announces a port that leaves it as AF_BRIDGE RTM_DELLINK; the port itself lives on.
  if (link->ifi_index != index_ || link->ifi_family != AF_UNSPEC) return;
  up_ = (link->ifi_flags & IFF_UP) != 0;
  loopback_ = (link->ifi_flags & IFF_LOOPBACK) != 0;
  if (message.nlmsg_type == RTM_DELLINK) exists_ = false;
  auto left = static_cast<int>(message.nlmsg_len - NLMSG_LENGTH(sizeof *link));
  const auto* attribute =
      reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(link) + NLMSG_ALIGN(sizeof *link));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != IFLA_STATS64 || RTA_PAYLOAD(attribute) < sizeof(rtnl_link_stats64)) continue;
    rtnl_link_stats64 counted;
    std::memcpy(&counted, RTA_DATA(attribute), sizeof counted);
    if (LostPackets(counted) >= dropped_) dropped_ = LostPackets(counted);
  }
}

}  // namespace pcapper
