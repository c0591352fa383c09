#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pcapper {

// The classic pcap file (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html), in this
// machine's byte order, with nanoseconds.
constexpr uint32_t kNanosecondMagic = 0xa1b23c4d;
constexpr size_t kFileHeaderBytes = 24;
constexpr size_t kRecordHeaderBytes = 16;
// What libpcap and its readers take at most (MAXIMUM_SNAPLEN).
constexpr uint32_t kMaxSnapLength = 262144;

using FileHeader = std::array<uint8_t, kFileHeaderBytes>;

struct RecordHeader {
  uint32_t seconds;
  uint32_t nanoseconds;
  uint32_t captured_length;
  uint32_t original_length;
};
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

}  // namespace pcapper
