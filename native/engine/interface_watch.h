#pragma once

#include <cstdint>
#include <optional>

#include "engine/link_request.h"
#include "engine/loss_poll.h"
#include "engine/unique_fd.h"

namespace pcapper {

// What becomes of one interface, known by its index: names change. One thread. The sockets belong to
// the network namespace they were opened in, unlike /proc and /sys.
class InterfaceWatch {
 public:
  // Index 0 (`any`) watches nothing: it always exists, and has no drop counters.
  explicit InterfaceWatch(int index);

  // From now on losses count, and are asked for now and then. Throws Failure.
  void Begin();
  // Asks a last time. May wait for the kernel.
  void End();

  // Readable when some interface changed.
  int descriptor() const { return events_.get(); }
  void ReadEvents();
  // Asks the kernel now. It may make its caller wait: not while all is well.
  void Refresh();

  bool exists() const { return exists_; }
  bool loopback() const { return loopback_; }
  // Packets the interface lost since Begin(), before any socket could see them.
  uint64_t dropped() const;

 private:
  void Take(const LinkState& state);

  int index_;
  UniqueFd events_;
  std::optional<LinkRequest> request_;
  std::optional<LossPoll> poll_;
  bool exists_ = true;
  bool loopback_ = false;
  uint64_t lost_ = 0;
  uint64_t lost_before_ = 0;
};

}  // namespace pcapper
