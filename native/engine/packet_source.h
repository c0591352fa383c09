#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/filter.h"
#include "engine/pcap_format.h"

namespace pcapper {

// Where packets come from: an open interface with its filter in place. No packet comes in before Begin().
// One thread.
class PacketSource {
 public:
  virtual ~PacketSource() = default;

  // The moment the capture begins. Throws Failure.
  virtual void Begin() = 0;
  // Readable when packets wait.
  virtual int descriptor() const = 0;
  // Hands up to `max_packets` waiting packets over, without waiting. Returns how many; throws Failure.
  virtual int Dispatch(int max_packets, pcap_handler handler, uint8_t* user) = 0;
  // From now on no packet comes in; those that wait can still be taken.
  virtual void Shut() = 0;
  // Packets that matched and found no room, since the last call.
  virtual uint64_t TakeDrops() = 0;
  virtual const FileHeader& file_header() const = 0;
  virtual const std::string& link_type() const = 0;
  virtual const std::vector<std::string>& warnings() const = 0;
};

// What a capture opens.
struct SourceOptions {
  std::string network_namespace;     // path of its mount; empty = this process's own
  std::string network_namespace_id;  // `DEV:INO` it must have; empty = any
  std::string interface_name;        // one that if_nametoindex knows, or `any`
  int interface_index = 0;           // 0 for `any`
  bool loopback = false;
  std::string filter;  // empty = all packets
  uint32_t snap_length = kMaxSnapLength;
  bool promiscuous = true;
  uint64_t ring_bytes = 0;
  FilterProgram program{};  // the filter, where it is compiled already
  LookupWait lookup{};      // for host names in it
};

// A partly filled block of the ring is handed over after this long.
constexpr int kRetireMilliseconds = 250;

}  // namespace pcapper
