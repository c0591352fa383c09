#pragma once

#include <cstdint>
#include <string>

#include "engine/unique_fd.h"

struct nlmsghdr;

namespace pcapper {

// What rtnetlink says of one interface, known by its index: names change. One thread. The sockets
// belong to the network namespace they were opened in, unlike /proc and /sys.
class InterfaceWatch {
 public:
  // Index 0 (`any`) watches nothing: it always exists, and has no drop counters.
  explicit InterfaceWatch(int index);

  // Readable when some interface changed.
  int descriptor() const { return events_.get(); }
  void ReadEvents();
  // Asks the kernel for flags and counters now.
  void Refresh();

  bool exists() const { return exists_; }
  bool up() const { return up_; }
  bool loopback() const { return loopback_; }
  // Packets the interface lost since this watch began, before any socket could see them.
  uint64_t dropped() const { return dropped_ - dropped_before_; }

 private:
  void Take(const nlmsghdr& message);

  int index_;
  UniqueFd events_;
  UniqueFd requests_;
  bool exists_ = true;
  bool up_ = true;
  bool loopback_ = false;
  uint64_t dropped_ = 0;
  uint64_t dropped_before_ = 0;
};

}  // namespace pcapper
