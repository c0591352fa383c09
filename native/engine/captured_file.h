#pragma once

#include <cstdint>
#include <string>

namespace pcapper {

// What is known of one pcap file: the entry in the manifest.
struct CapturedFile {
  std::string name;  // without folder
  uint32_t number = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;           // size of the file
  int64_t first_timestamp = 0;  // nanoseconds since 1970; 0 = no packet
  int64_t last_timestamp = 0;
};

}  // namespace pcapper
