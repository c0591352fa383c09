#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "engine/pcap_format.h"

namespace pcapper::test {

// Capture files made and read without the engine's own code, so that the two can be compared.

FileHeader MakeHeader(uint32_t snap_length = kMaxSnapLength);
std::string HeaderText(uint32_t snap_length = kMaxSnapLength);

struct Packet {
  RecordHeader header;
  std::string data;
};

Packet MakePacket(uint32_t seconds, uint32_t bytes, char fill = 'x');
Packet RandomPacket(std::mt19937& random, uint32_t max_bytes);
std::string RecordText(const Packet& packet);

// Reads a file strictly. Throws std::runtime_error if a byte is left over or a record is cut.
std::vector<Packet> ParsePcap(const std::string& text);
// The same, also for a file that is not there.
uint64_t CountPackets(const std::string& path);
// In all whole files of a folder together.
uint64_t PacketsIn(const std::string& folder);

}  // namespace pcapper::test
