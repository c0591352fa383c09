#include "engine/record_scanner.h"

#include <doctest/doctest.h>

#include <cstring>

#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::HeaderText;
using test::MakePacket;
using test::Packet;
using test::RecordText;

namespace {

struct Scanned {
  uint64_t packets, whole_bytes;
  int64_t first, last;
  bool operator==(const Scanned&) const = default;
};

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Scanned ResultOf(const RecordScanner& scanner) {
  return {scanner.packets(), scanner.whole_bytes(), scanner.first_timestamp(), scanner.last_timestamp()};
}

Scanned Scan(const std::string& text) {
  RecordScanner scanner;
  scanner.Feed(Bytes(text));
  return ResultOf(scanner);
}

std::string RecordOf(uint32_t seconds, uint32_t nanoseconds, uint32_t captured, uint32_t original) {
  return RecordText({{seconds, nanoseconds, captured, original}, std::string(captured % 300'000, 'd')});
}

}  // namespace

TEST_CASE("a whole file is taken whole, with its first and last time") {
  const std::string text = HeaderText() + RecordText(MakePacket(7, 60)) + RecordText(MakePacket(9, 1));
  CHECK(Scan(text) == Scanned{2, text.size(), 7'000'000'007, 9'000'000'009});
}

TEST_CASE("what can be no record ends the scan behind the last whole one") {
  const std::string start = HeaderText(1000) + RecordText(MakePacket(7, 60));
  const Scanned only_start{1, start.size(), 7'000'000'007, 7'000'000'007};
  const std::string good = RecordText(MakePacket(8, 10));
  CHECK(Scan(start + std::string(4096, '\0') + good) == only_start);
  CHECK(Scan(start + std::string(15, '\0')) == only_start);
  CHECK(Scan(start + RecordOf(0, 1, 10, 10) + good) == only_start);
  CHECK(Scan(start + RecordOf(8, 1'000'000'000, 10, 10) + good) == only_start);
  CHECK(Scan(start + RecordOf(8, 1, 11, 10) + good) == only_start);
  CHECK(Scan(start + RecordOf(8, 1, 1001, 2000) + good) == only_start);
  CHECK(Scan(start + RecordOf(8, 1, 0xffffffff, 0xffffffff) + good) == only_start);
  CHECK(Scan(start + RecordOf(8, 1, 0, 0) + good) == only_start);
  CHECK(Scan(start + RecordOf(8, 999'999'999, 1000, 1000)).packets == 2);
}

TEST_CASE("a file with another header holds nothing") {
  std::string swapped = HeaderText();
  std::swap(swapped[0], swapped[3]);
  std::swap(swapped[1], swapped[2]);
  for (const std::string& head : {std::string(), std::string(24, '\0'), swapped,
                                  HeaderText(kMaxSnapLength + 1), std::string("hello")}) {
    CHECK(Scan(head + RecordText(MakePacket(7, 60))) == Scanned{0, 0, 0, 0});
  }
  CHECK(Scan(HeaderText()) == Scanned{0, 24, 0, 0});
}

TEST_CASE("a file cut at any byte keeps exactly the records before the cut") {
  std::string text = HeaderText();
  std::vector<size_t> ends;
  for (uint32_t bytes : {1u, 60u, 0u, 17u}) {
    const Packet packet = MakePacket(100 + bytes, bytes);
    text += RecordText(packet);
    ends.push_back(text.size());
  }
  for (size_t cut = 0; cut <= text.size(); cut++) {
    uint64_t whole = 0;
    size_t end = cut < kFileHeaderBytes ? 0 : kFileHeaderBytes;
    for (const size_t record_end : ends) {
      if (record_end > cut) break;
      whole++;
      end = record_end;
    }
    const Scanned scanned = Scan(text.substr(0, cut));
    CHECK(scanned.packets == whole);
    CHECK(scanned.whole_bytes == end);
  }
}

TEST_CASE("in however many pieces a file comes, the result is the same") {
  const std::string text = HeaderText() + RecordText(MakePacket(7, 60)) + RecordText(MakePacket(9, 3)) +
                           RecordText(MakePacket(10, 40)) + std::string(20, '\0');
  const Scanned expected = Scan(text);
  CHECK(expected.packets == 3);
  for (size_t first = 0; first <= text.size(); first++) {
    for (size_t second = first; second <= text.size(); second += 7) {
      RecordScanner scanner;
      scanner.Feed(Bytes(std::string_view(text).substr(0, first)));
      scanner.Feed(Bytes(std::string_view(text).substr(first, second - first)));
      scanner.Feed(Bytes(std::string_view(text).substr(second)));
      CHECK(ResultOf(scanner) == expected);
    }
  }
  RecordScanner byte_by_byte;
  for (const char& byte : text) byte_by_byte.Feed(Bytes({&byte, 1}));
  CHECK(ResultOf(byte_by_byte) == expected);
}

TEST_CASE("after what can be no record, nothing more is taken") {
  RecordScanner scanner;
  CHECK(scanner.Feed(Bytes(HeaderText())));
  CHECK_FALSE(scanner.Feed(Bytes(std::string(16, '\0'))));
  CHECK_FALSE(scanner.Feed(Bytes(RecordText(MakePacket(7, 60)))));
  CHECK(scanner.packets() == 0);
}

}  // namespace pcapper
