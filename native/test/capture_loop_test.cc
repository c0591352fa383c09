#include "engine/capture_loop.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>

#include "engine/clock.h"
#include "engine/failure.h"
#include "test/support/files.h"
#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::CountPackets;
using test::TemporaryFolder;

namespace {

// Hands the same packets out at each call, like libpcap over a block in which it found a broken frame.
class BrokenSource : public PacketSource {
 public:
  void Begin() override {}
  int descriptor() const override { return always_readable_.get(); }
  int Dispatch(int, pcap_handler handler, uint8_t* user) override {
    calls++;
    const std::string data(60, 'x');
    pcap_pkthdr header{};
    header.ts.tv_sec = 5;
    header.caplen = header.len = static_cast<uint32_t>(data.size());
    for (int packet = 0; packet < packets; packet++) {
      handler(user, &header, reinterpret_cast<const uint8_t*>(data.data()));
    }
    throw Failure("CaptureError", "a broken frame");
  }
  void Shut() override { is_shut = true; }
  uint64_t TakeDrops() override { return 0; }
  const FileHeader& file_header() const override { return header_; }
  const std::string& link_type() const override { return link_type_; }
  const std::vector<std::string>& warnings() const override { return warnings_; }

  int packets = 3;
  int calls = 0;
  bool is_shut = false;

 private:
  UniqueFd always_readable_{eventfd(1, EFD_CLOEXEC)};
  FileHeader header_ = test::MakeHeader();
  std::string link_type_ = "EN10MB";
  std::vector<std::string> warnings_;
};

}  // namespace

TEST_CASE("a broken frame ends a capture, and what was taken before it is not taken twice") {
  const TemporaryFolder folder;
  CaptureOptions options;
  options.capture_seconds = 60;
  options.max_file_bytes = 100'000'000;
  options.manifest_head = "{}";
  BrokenSource source;
  InterfaceWatch watch(0);
  Manifest manifest;
  manifest.head = "{}";
  FileKeeper keeper(CaptureFolder(folder.path(), "t"), source.file_header(), manifest, 3, [] {});
  StopRequest stop;
  Statistics counted;
  CaptureLoop loop({options, source, watch, keeper, stop},
                   [&](const Statistics& now, CaptureState) { counted = now; });
  const CaptureEnd end = loop.Run(keeper.Start(), MonotonicNow());
  CHECK(end.reason == "CaptureError");
  CHECK(end.message == "a broken frame");
  CHECK(source.is_shut);
  CHECK(source.calls == 1);
  CHECK(counted.packets == 3);
  CHECK(CountPackets(folder / "t.00001.pcap") == 3);
}

}  // namespace pcapper
