#include <doctest/doctest.h>

#include "engine/clock.h"
#include "test/support/files.h"
#include "test/support/json_check.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"
#include "test/support/watched_capture.h"

namespace pcapper {

using test::CheckEnded;
using test::HasNamespaces;
using test::IsJson;
using test::Link;
using test::OptionsFor;
using test::PacketsIn;
using test::ReadFile;
using test::Shell;
using test::SmallDisk;
using test::TemporaryFolder;
using test::Watched;

namespace {

// 0 where the text has no such key.
uint64_t NumberBehind(const std::string& text, const std::string& key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + key.size()));
}

}  // namespace

TEST_CASE("a disk that fills up ends the capture as DiskFull, at once, with whole files and true counts") {
  if (!HasNamespaces()) return;
  const Link link;
  for (const char* kind : {"tmpfs", "ext4"}) {
    CAPTURE(kind);
    const SmallDisk disk(kind, "10m");
    if (!disk.mounted()) continue;
    CaptureOptions options = OptionsFor(disk.path());
    SUBCASE("in one file") {}
    SUBCASE("between files") { options.max_file_bytes = 300'000; }
    options.file_count = 1000;
    Watched watched(options);
    REQUIRE(watched.AwaitRunning());
    // A slow machine loses some in the kernel: on, until there is no room.
    uint64_t sent = 0;
    const int64_t limit = MonotonicNow() + 30 * kNanosecondsPerSecond;
    for (; MonotonicNow() < limit && watched.capture.Report().state == CaptureState::kRunning; sent += 500) {
      link.Send(500, 1400);
    }
    const CaptureReport report = watched.End();
    REQUIRE(report.end.has_value());
    CHECK_MESSAGE(report.end->reason == "DiskFull", report.end->message);
    CHECK(report.statistics.packets == PacketsIn(disk.path()));
    CHECK(report.statistics.dropped_on_write > 0);
    // What came after the end was not the capture's any more.
    CHECK(report.statistics.packets + report.statistics.dropped() <= sent);
    CHECK(report.statistics.bytes == report.statistics.packets * 1400);
    CHECK(IsJson(ReadFile(disk / "t.json")));
    CHECK(ReadFile(disk / "t.json").find("\"finished\":{\"reason\":\"DiskFull\"") != std::string::npos);
  }
}

TEST_CASE("less free space than must stay free ends the capture as DiskPressure, and its files are whole") {
  if (!HasNamespaces()) return;
  const Link link;
  const SmallDisk disk("tmpfs", "10m");
  if (!disk.mounted()) return;
  const std::string folder = disk / "captures";
  Shell("mkdir " + folder);
  CaptureOptions options = OptionsFor(folder);
  SUBCASE("by its size") { options.min_free_disk.bytes = 8'000'000; }
  // Of 10 MiB.
  SUBCASE("by its share of the disk") { options.min_free_disk.percent = 76.3; }
  options.min_free_disk.text = "what it is";
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  link.Send(500, 1000);
  Shell("head -c 2800000 /dev/zero > " + disk / "other");
  const CaptureReport report = watched.End();
  CheckEnded(report, folder, "DiskPressure");
  CHECK(report.statistics.packets == 500);
  CHECK(report.end->message.starts_with("Only 7."));
  CHECK(report.end->message.ends_with(" MB are free and 8 MB must stay free (MIN_FREE_DISK is what it is)"));
}

TEST_CASE("a write-rate limit holds writes back, a stop ends them at once, and the counts stay true") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.max_write_rate = 1'000'000;
  options.ring_bytes = 2 << 20;
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  // Three buffers full: at that rate the last of them would take more than ten seconds.
  link.Send(15'000, 1000);
  const int64_t stopped = MonotonicNow();
  const CaptureReport report = watched.StopAndEnd();
  CHECK(MonotonicNow() - stopped < 5 * kNanosecondsPerSecond);
  CheckEnded(report, folder.path(), "Stopped");
  CHECK(report.statistics.packets + report.statistics.dropped() == 15'000);
  CHECK(report.statistics.dropped_by_kernel > 0);
}

TEST_CASE(
    "while a write-rate limit holds writes back, the manifest says what is in the file and what was lost") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  // What follows the first full buffer would wait for minutes.
  options.max_write_rate = 10'000;
  options.ring_bytes = 2 << 20;
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  link.Send(15'000, 1000);
  // The first write, of a full buffer or a second's worth, whichever comes first, goes out at once.
  uint64_t written = 0;
  uint64_t packets = 0;
  CHECK(watched.Await([&](const CaptureReport&) {
    const std::string manifest = ReadFile(folder / "t.json");
    written = NumberBehind(manifest, "\"number\":1,\"packets\":");
    packets = NumberBehind(manifest, "\"statistics\":{\"packets\":");
    return written > 0 && NumberBehind(manifest, "\"droppedByKernel\":") > 0;
  }));
  CHECK(packets == written);
  CheckEnded(watched.StopAndEnd(), folder.path(), "Stopped");
}

TEST_CASE("an interface deleted while a write-rate limit holds writes back ends the capture as TargetGone") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  // It would be over before the second buffer is written.
  options.max_write_rate = 10'000;
  options.capture_seconds = 20;
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  link.Send(10'000, 1000);
  REQUIRE(watched.Await([](const CaptureReport& report) { return report.statistics.packets > 4000; }));
  Shell("ip link del near0");
  CheckEnded(watched.End(), folder.path(), "TargetGone");
}

}  // namespace pcapper
