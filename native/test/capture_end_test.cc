#include <doctest/doctest.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "engine/clock.h"
#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/watched_capture.h"

namespace pcapper {

using test::CheckEnded;
using test::HasNamespaces;
using test::Link;
using test::NamesIn;
using test::OptionsFor;
using test::ReadFile;
using test::Shell;
using test::TemporaryFolder;
using test::Watched;

TEST_CASE("a packet count ends a capture with exactly that many packets") {
  if (!HasNamespaces()) return;
  const Link link;
  for (const uint64_t count : {1u, 999u, 1000u, 1001u, 2000u, 5000u}) {
    CAPTURE(count);
    const TemporaryFolder folder;
    CaptureOptions options = OptionsFor(folder.path());
    options.packet_count = count;
    Watched watched(options);
    REQUIRE(watched.AwaitRunning());
    link.Send(6000);
    const CaptureReport report = watched.End();
    CheckEnded(report, folder.path(), "PacketCountReached");
    CHECK(report.statistics.packets == count);
  }
}

TEST_CASE("a capture ends on time, with and without packets") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.capture_seconds = 1;
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  SUBCASE("with packets") { link.Send(100); }
  SUBCASE("without") {}
  const CaptureReport report = watched.End();
  CheckEnded(report, folder.path(), "TimeElapsed");
  CHECK(report.end_time - report.start_time >= kNanosecondsPerSecond);
}

TEST_CASE("a capture can be stopped in every state, and only the first reason counts") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  Watched watched(OptionsFor(folder.path()));
  SUBCASE("opening") {}
  SUBCASE("running") {
    REQUIRE(watched.AwaitRunning());
    link.Send(10);
  }
  SUBCASE("closing") {
    REQUIRE(watched.AwaitRunning());
    watched.capture.Stop("Stopped", "");
    REQUIRE(
        watched.Await([](const CaptureReport& report) { return report.state >= CaptureState::kClosing; }));
  }
  watched.capture.Stop("Stopped", "");
  watched.capture.Stop("Interrupted", "too late");
  const CaptureReport report = watched.End();
  CheckEnded(report, folder.path(), "Stopped");
  watched.capture.Stop("Interrupted", "after the end");
  CHECK(watched.capture.Report().end->reason == "Stopped");
}

TEST_CASE("a capture that is destroyed in any state leaves whole files and says Interrupted") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  {
    Watched watched(OptionsFor(folder.path()));
    SUBCASE("opening") {}
    SUBCASE("running") {
      REQUIRE(watched.AwaitRunning());
      link.Send(100);
    }
  }
  const std::string manifest = ReadFile(folder / "t.json");
  CHECK(manifest.find("\"finished\":{\"reason\":\"Interrupted\",\"message\":\"the process ended\"") !=
        std::string::npos);
  CHECK(NamesIn(folder.path()) == std::vector<std::string>{"t.00001.pcap", "t.json"});
}

TEST_CASE("captures started and stopped in quick succession, several at a time, all end whole") {
  if (!HasNamespaces()) return;
  const Link link;
  for (int round = 0; round < 8; round++) {
    std::vector<std::unique_ptr<TemporaryFolder>> folders;
    std::vector<std::unique_ptr<Watched>> captures;
    for (int capture = 0; capture < 4; capture++) {
      folders.push_back(std::make_unique<TemporaryFolder>());
      CaptureOptions options = OptionsFor(folders.back()->path());
      options.ring_bytes = 1 << 20;
      captures.push_back(std::make_unique<Watched>(options));
    }
    link.Send(50);
    if (round % 2 == 0) usleep(static_cast<useconds_t>(round) * 5000);
    for (size_t capture = 0; capture < captures.size(); capture++) {
      CheckEnded(captures[capture]->StopAndEnd(), folders[capture]->path(), "Stopped");
    }
  }
}

TEST_CASE("an interface deleted while running ends the capture as TargetGone, its last packets kept") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  Watched watched(OptionsFor(folder.path()));
  REQUIRE(watched.AwaitRunning());
  link.Send(500);
  Shell("ip link del near0");
  const CaptureReport report = watched.End();
  CheckEnded(report, folder.path(), "TargetGone");
  CHECK(report.statistics.packets + report.statistics.dropped() == 500);
}

TEST_CASE("a link that goes down and up again, or gets another name, does not end a capture") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.filter = "ether proto 0x88b5";
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  link.Send(100);
  Shell("ip link set near0 down && ip link set near0 name other0 && ip link set other0 up");
  // The carrier comes back a moment later; what is sent before is not offered to anybody.
  Shell(
      "for n in $(seq 100); do grep -q up /sys/class/net/other0/operstate 2>/dev/null && break; "
      "ip -o link show other0 | grep -q LOWER_UP && break; sleep 0.02; done");
  link.Send(100);
  const CaptureReport report = watched.StopAndEnd();
  CheckEnded(report, folder.path(), "Stopped");
  CHECK(report.statistics.packets == 200);
}

}  // namespace pcapper
