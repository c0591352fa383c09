#include "engine/interface_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace pcapper {
namespace {

constexpr size_t kEventBytes = 64 << 10;

}  // namespace

InterfaceWatch::InterfaceWatch(int index) : index_(index) {
  if (index_ == 0) return;
  events_ = OpenNetlink(RTMGRP_LINK, SOCK_NONBLOCK);
  request_.emplace(index_);
  poll_.emplace(index_);
  Refresh();
}

void InterfaceWatch::Begin() {
  Refresh();
  lost_before_ = lost_;
  if (poll_) poll_->Begin();
}

void InterfaceWatch::End() {
  if (poll_) poll_->End();
  Refresh();
}

void InterfaceWatch::ReadEvents() {
  alignas(nlmsghdr) char buffer[kEventBytes];
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
      if (const auto state = ReadLink(*message, index_)) Take(*state);
    }
  }
}

void InterfaceWatch::Refresh() {
  if (!request_ || !exists_) return;
  if (const auto state = request_->Ask()) Take(*state);
}

void InterfaceWatch::Take(const LinkState& state) {
  if (!state.exists) exists_ = false;
  loopback_ = loopback_ || state.loopback;
  lost_ = std::max(lost_, state.lost);
}

uint64_t InterfaceWatch::dropped() const { return std::max(lost_, poll_ ? poll_->lost() : 0) - lost_before_; }

}  // namespace pcapper
