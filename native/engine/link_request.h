#pragma once

#include <cstdint>
#include <optional>

#include "engine/unique_fd.h"

struct nlmsghdr;

namespace pcapper {

// What rtnetlink says of one interface.
struct LinkState {
  bool exists = true;
  bool loopback = false;
  uint64_t lost = 0;  // packets the device had no buffer for, since it was made
};

// A netlink socket in the calling thread's network namespace. `groups`: multicast groups to hear.
UniqueFd OpenNetlink(unsigned groups, int flags);

// What a message says of the interface of that index; nothing if it speaks of something else.
std::optional<LinkState> ReadLink(const nlmsghdr& message, int index);

// Asks the kernel for one interface, known by its index. One thread. rtnetlink may make its caller
// wait for a lock that all changes of interfaces share.
class LinkRequest {
 public:
  explicit LinkRequest(int index) : index_(index), socket_(OpenNetlink(0, 0)) {}
  // Nothing = there was no answer.
  std::optional<LinkState> Ask() const;

 private:
  int index_;
  UniqueFd socket_;
};

}  // namespace pcapper
