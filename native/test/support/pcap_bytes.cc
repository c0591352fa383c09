#include "test/support/pcap_bytes.h"

#include <cstring>
#include <stdexcept>

#include "test/support/files.h"

namespace pcapper::test {

FileHeader MakeHeader(uint32_t snap_length) {
  const uint32_t words[] = {kNanosecondMagic, 2u | 4u << 16, 0, 0, snap_length, 1};
  FileHeader header{};
  std::memcpy(header.data(), words, header.size());
  return header;
}

std::string HeaderText(uint32_t snap_length) {
  const FileHeader header = MakeHeader(snap_length);
  return {header.begin(), header.end()};
}

Packet MakePacket(uint32_t seconds, uint32_t bytes, char fill) {
  return {{seconds, seconds % 1000, bytes, bytes + 4}, std::string(bytes, fill)};
}

Packet RandomPacket(std::mt19937& random, uint32_t max_bytes) {
  const auto bytes = std::uniform_int_distribution<uint32_t>(1, max_bytes)(random);
  Packet packet = MakePacket(static_cast<uint32_t>(1'700'000'000 + random() % 100'000), bytes);
  for (char& byte : packet.data) byte = static_cast<char>(random());
  return packet;
}

std::string RecordText(const Packet& packet) {
  std::string text(kRecordHeaderBytes, '\0');
  std::memcpy(text.data(), &packet.header, kRecordHeaderBytes);
  return text + packet.data;
}

std::vector<Packet> ParsePcap(const std::string& text) {
  if (text.size() < kFileHeaderBytes) throw std::runtime_error("no file header");
  uint32_t magic = 0;
  std::memcpy(&magic, text.data(), sizeof magic);
  if (magic != kNanosecondMagic) throw std::runtime_error("another magic number");
  std::vector<Packet> packets;
  for (size_t at = kFileHeaderBytes; at < text.size();) {
    Packet packet;
    if (text.size() - at < kRecordHeaderBytes) throw std::runtime_error("a record header is cut");
    std::memcpy(&packet.header, text.data() + at, kRecordHeaderBytes);
    at += kRecordHeaderBytes;
    if (text.size() - at < packet.header.captured_length) throw std::runtime_error("a packet is cut");
    if (packet.header.seconds == 0) throw std::runtime_error("zeros where a record should be");
    packet.data = text.substr(at, packet.header.captured_length);
    at += packet.header.captured_length;
    packets.push_back(std::move(packet));
  }
  return packets;
}

uint64_t CountPackets(const std::string& path) { return ParsePcap(ReadFile(path)).size(); }

uint64_t PacketsIn(const std::string& folder) {
  uint64_t packets = 0;
  for (const std::string& name : NamesIn(folder)) {
    if (name.ends_with(".pcap")) packets += CountPackets(folder + "/" + name);
  }
  return packets;
}

}  // namespace pcapper::test
