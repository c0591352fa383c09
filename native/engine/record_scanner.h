#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/captured_file.h"
#include "engine/pcap_format.h"

namespace pcapper {

// Reads a capture file that a crash may have cut anywhere, piece by piece, and knows where its last
// whole record ends. Pure: bytes in, counts out. What can be no record (zeros, for one) ends the scan.
class RecordScanner {
 public:
  // Behind the file header: takes the records up to `known.bytes`, a record's end, as `known` has them. The
  // next bytes are those behind.
  void Skip(const CapturedFile& known);
  // Takes the next bytes of the file. False = nothing behind this can be trusted.
  bool Feed(std::span<const uint8_t> bytes);

  bool has_header() const { return has_header_; }
  uint64_t packets() const { return packets_; }
  // End of the last whole record, from the start of the file; 0 without a valid file header.
  uint64_t whole_bytes() const { return whole_bytes_; }
  // Nanoseconds since 1970; 0 = no packet.
  int64_t first_timestamp() const { return first_timestamp_; }
  int64_t last_timestamp() const { return last_timestamp_; }

 private:
  bool TakeFileHeader(const uint8_t* bytes);
  bool TakeRecordHeader(const uint8_t* bytes);

  bool has_header_ = false;
  bool broken_ = false;
  uint32_t snap_length_ = 0;
  std::vector<uint8_t> partial_;  // a header that came in two pieces
  bool in_record_ = false;
  RecordHeader record_{};
  uint64_t data_left_ = 0;  // of the record being read
  uint64_t packets_ = 0;
  uint64_t whole_bytes_ = 0;
  int64_t first_timestamp_ = 0;
  int64_t last_timestamp_ = 0;
};

}  // namespace pcapper
