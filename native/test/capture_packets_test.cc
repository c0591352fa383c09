#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "engine/clock.h"
#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"
#include "test/support/watched_capture.h"

namespace pcapper {

using test::CheckEnded;
using test::HasNamespaces;
using test::Link;
using test::NamesIn;
using test::OptionsFor;
using test::ReadFile;
using test::TemporaryFolder;
using test::Watched;

TEST_CASE("what is sent is captured, all of it, and a stop writes it") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  Watched watched(OptionsFor(folder.path()));
  REQUIRE(watched.AwaitRunning());
  link.Send(20'000, 200);
  const CaptureReport report = watched.StopAndEnd();
  CheckEnded(report, folder.path(), "Stopped");
  CHECK(report.statistics.packets + report.statistics.dropped() == 20'000);
  CHECK(report.statistics.dropped() == 0);
  CHECK(report.statistics.bytes == 20'000ull * 200);
  CHECK(report.interface->link_type == "EN10MB");
  CHECK(report.warnings.empty());
}

TEST_CASE("no packet from before a capture's start time is in its files") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  std::atomic<bool> over{false};
  std::thread sender([&] {
    while (!over) link.Send(10);
  });
  Watched watched(OptionsFor(folder.path()));
  const bool running = watched.AwaitRunning();
  over = true;
  sender.join();
  REQUIRE(running);
  link.Send(1);
  const CaptureReport report = watched.StopAndEnd();
  CheckEnded(report, folder.path(), "Stopped");
  const auto packets = test::ParsePcap(ReadFile(folder / "t.00001.pcap"));
  REQUIRE_FALSE(packets.empty());
  const test::Packet& first = packets.front();
  CHECK(first.header.seconds * kNanosecondsPerSecond + first.header.nanoseconds >= report.start_time);
}

TEST_CASE("on lo each packet is captured once") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.interface_name = "lo";
  options.filter = "udp port 9999";
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  test::SendOverLoopback(1000);
  const CaptureReport report = watched.StopAndEnd();
  CheckEnded(report, folder.path(), "Stopped");
  CHECK(report.statistics.packets == 1000);
}

TEST_CASE("rotation keeps the newest files, none over its limit, and no packet is lost in between") {
  if (!HasNamespaces()) return;
  const Link link;
  for (const uint32_t file_count : {1u, 3u, 1000u}) {
    CAPTURE(file_count);
    const TemporaryFolder folder;
    CaptureOptions options = OptionsFor(folder.path());
    options.max_file_bytes = 65'536;
    options.snap_length = 1500;
    options.file_count = file_count;
    Watched watched(options);
    REQUIRE(watched.AwaitRunning());
    link.Send(10'000, 1000);
    const CaptureReport report = watched.StopAndEnd();
    CheckEnded(report, folder.path(), "Stopped");
    CHECK(report.statistics.packets + report.statistics.dropped() == 10'000);
    CHECK(report.statistics.files <= file_count);
    CHECK(NamesIn(folder.path()).size() == report.statistics.files + 1);
    for (const std::string& name : NamesIn(folder.path())) {
      if (name.ends_with(".pcap")) CHECK(ReadFile(folder / name).size() <= options.max_file_bytes);
    }
  }
}

TEST_CASE("a small snapshot length cuts every packet and keeps the true length") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.snap_length = 1;
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  link.Send(5000, 1400);
  CheckEnded(watched.StopAndEnd(), folder.path(), "Stopped");
  const auto packets = test::ParsePcap(ReadFile(folder / "t.00001.pcap"));
  CHECK(packets.size() == 5000);
  for (const test::Packet& packet : packets) {
    REQUIRE(packet.header.captured_length == 1);
    REQUIRE(packet.header.original_length == 1400);
  }
}

TEST_CASE("a quiet capture's packets are in the file and published within seconds") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  Watched watched(OptionsFor(folder.path()));
  REQUIRE(watched.AwaitRunning());
  link.Send(7);
  CHECK(watched.Await([&](const CaptureReport&) {
    return ReadFile(folder / "t.json").find("\"packets\":7,\"bytes\":584") != std::string::npos;
  }));
  CHECK(ReadFile(folder / "t.00001.pcap.part").size() == 24 + 7 * 80);
  CheckEnded(watched.StopAndEnd(), folder.path(), "Stopped");
}

}  // namespace pcapper
