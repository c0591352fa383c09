#include "engine/capture_loop.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>

#include <utility>
#include <vector>

#include "engine/clock.h"
#include "engine/failure.h"
#include "test/support/files.h"
#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::CountPackets;
using test::TemporaryFolder;

namespace {

// What sources of these tests have in common: there is always something to read.
class ReadableSource : public PacketSource {
 public:
  void Begin() override {}
  int descriptor() const override { return always_readable_.get(); }
  void Shut() override { is_shut = true; }
  uint64_t TakeDrops() override { return 0; }
  const FileHeader& file_header() const override { return header_; }
  const std::string& link_type() const override { return link_type_; }
  const std::vector<std::string>& warnings() const override { return warnings_; }

  bool is_shut = false;

 protected:
  // A packet with this timestamp, in nanoseconds since 1970.
  static void HandOut(int64_t time, pcap_handler handler, uint8_t* user) {
    const std::string data(60, 'x');
    pcap_pkthdr header{};
    header.ts.tv_sec = time / kNanosecondsPerSecond;
    header.ts.tv_usec = time % kNanosecondsPerSecond;
    header.caplen = header.len = static_cast<uint32_t>(data.size());
    handler(user, &header, reinterpret_cast<const uint8_t*>(data.data()));
  }

 private:
  UniqueFd always_readable_{eventfd(1, EFD_CLOEXEC)};
  FileHeader header_ = test::MakeHeader();
  std::string link_type_ = "EN10MB";
  std::vector<std::string> warnings_;
};

// Hands the same packets out at each call, like libpcap over a block in which it found a broken frame.
class BrokenSource : public ReadableSource {
 public:
  int Dispatch(int, pcap_handler handler, uint8_t* user) override {
    calls++;
    for (int packet = 0; packet < packets; packet++) HandOut(5 * kNanosecondsPerSecond, handler, user);
    throw Failure("CaptureError", "a broken frame");
  }

  int packets = 3;
  int calls = 0;
};

// Hands out one packet for each time.
class TimedSource : public ReadableSource {
 public:
  explicit TimedSource(std::vector<int64_t> times) : times_(std::move(times)) {}
  int Dispatch(int, pcap_handler handler, uint8_t* user) override {
    for (const int64_t time : times_) HandOut(time, handler, user);
    return static_cast<int>(std::exchange(times_, {}).size());
  }

 private:
  std::vector<int64_t> times_;
};

struct Outcome {
  CaptureEnd end;
  Statistics counted;
};

// A capture loop over this source, from its first file to its end. `packet_count`: 0 = no limit.
Outcome RunLoop(PacketSource& source, const std::string& folder, uint64_t packet_count,
                CaptureLoop::Start start) {
  CaptureOptions options;
  options.capture_seconds = 60;
  options.packet_count = packet_count;
  options.max_file_bytes = 100'000'000;
  options.manifest_head = "{}";
  InterfaceWatch watch(0);
  Manifest manifest;
  manifest.head = "{}";
  FileKeeper keeper(CaptureFolder(folder, "t"), source.file_header(), manifest, 3);
  DiskWatch disk(folder, {});
  StopRequest stop;
  Outcome outcome;
  CaptureLoop loop({options, source, watch, disk, keeper, stop},
                   [&](const Statistics& now, CaptureState) { outcome.counted = now; });
  outcome.end = loop.Run(keeper.Start(), start);
  return outcome;
}

}  // namespace

TEST_CASE("a broken frame ends a capture, and what was taken before it is not taken twice") {
  const TemporaryFolder folder;
  BrokenSource source;
  const auto [end, counted] =
      RunLoop(source, folder.path(), 0, {.monotonic = MonotonicNow(), .opening = 0, .realtime = 0});
  CHECK(end.reason == "CaptureError");
  CHECK(end.message == "a broken frame");
  CHECK(source.is_shut);
  CHECK(source.calls == 1);
  CHECK(counted.packets == 3);
  CHECK(CountPackets(folder / "t.00001.pcap") == 3);
}

TEST_CASE(
    "what came while the source began is not the capture's; what a clock that was set back makes earlier "
    "is") {
  constexpr int64_t kStart = 1'800'000'000 * kNanosecondsPerSecond;
  const TemporaryFolder folder;
  TimedSource source(
      {kStart - 5'000, kStart - 1, kStart, kStart - 5'001, kStart - kNanosecondsPerSecond / 2});
  const auto [end, counted] = RunLoop(
      source, folder.path(), 3, {.monotonic = MonotonicNow(), .opening = kStart - 5'000, .realtime = kStart});
  CHECK(end.reason == "PacketCountReached");
  CHECK(counted.packets == 3);
  const auto packets = test::ParsePcap(test::ReadFile(folder / "t.00001.pcap"));
  REQUIRE(packets.size() == 3);
  CHECK(packets.front().header.seconds == 1'800'000'000);
  CHECK(packets.front().header.nanoseconds == 0);
}

}  // namespace pcapper
