#include "engine/capture.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <thread>

#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/open_interface.h"
#include "test/support/files.h"
#include "test/support/json_check.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::CountPackets;
using test::HasNamespaces;
using test::IsJson;
using test::Link;
using test::NamesIn;
using test::ReadFile;
using test::Shell;
using test::SmallDisk;
using test::TemporaryFolder;
using test::WriteFile;

namespace {

CaptureOptions OptionsFor(const std::string& folder) {
  return {.network_namespace = {},
          .network_namespace_id = {},
          .interface_name = "near0",
          .filter = "",
          .snap_length = kMaxSnapLength,
          .promiscuous = true,
          .ring_bytes = 8 << 20,
          .capture_seconds = 60,
          .packet_count = 0,
          .folder = folder,
          .file_prefix = "t",
          .max_file_bytes = 100'000'000,
          .file_count = 10,
          .max_write_rate = 0,
          .manifest_head = "{}",
          .earlier = {}};
}

// A capture and a way to wait for what it says.
class Watched {
 public:
  explicit Watched(CaptureOptions options)
      : capture(std::move(options), [this] {
          const std::lock_guard lock(mutex_);
          changed_.notify_all();
        }) {}

  // False after 20 s in vain.
  bool Await(const std::function<bool(const CaptureReport&)>& wanted) {
    const int64_t limit = MonotonicNow() + 20 * kNanosecondsPerSecond;
    while (MonotonicNow() < limit) {
      if (wanted(capture.Report())) return true;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(5));
    }
    return false;
  }
  bool AwaitRunning() {
    return Await([](const CaptureReport& report) { return report.state == CaptureState::kRunning; });
  }
  CaptureReport End() {
    capture.Join();
    return capture.Report();
  }
  CaptureReport StopAndEnd() {
    capture.Stop("Stopped", "");
    return End();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;

 public:
  Capture capture;  // last: its threads use what is above
};

uint64_t PacketsIn(const std::string& folder) {
  uint64_t packets = 0;
  for (const std::string& name : NamesIn(folder)) {
    if (name.ends_with(".pcap")) packets += CountPackets(folder + "/" + name);
  }
  return packets;
}

// At every end: whole files, a finished manifest, nothing hidden left, and the counts agree.
void CheckEnded(const CaptureReport& report, const std::string& folder, const std::string& reason) {
  REQUIRE(report.end.has_value());
  CHECK_MESSAGE(report.end->reason == reason, report.end->message);
  CHECK(report.state == CaptureState::kEnded);
  for (const std::string& name : NamesIn(folder)) {
    CAPTURE(name);
    CHECK((name.ends_with(".pcap") || name == "t.json"));
  }
  CHECK(PacketsIn(folder) + report.statistics.packets_removed == report.statistics.packets);
  const std::string manifest = ReadFile(folder + "/t.json");
  CHECK(IsJson(manifest));
  CHECK(manifest.find("\"finished\":{\"reason\":\"" + reason + "\"") != std::string::npos);
  CHECK(manifest.find("\"packets\":" + std::to_string(report.statistics.packets) + ",\"bytes\"") !=
        std::string::npos);
  CHECK(report.start_time > 0);
  CHECK(manifest.find("\"startTime\":\"" + FormatTime(report.start_time)) != std::string::npos);
  CHECK(report.end_time >= report.start_time);
}

}  // namespace

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

TEST_CASE("a capture that cannot start says why in a word of the catalogue, and leaves no file") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  std::string reason;
  SUBCASE("no such interface") {
    options.interface_name = "nowhere0";
    reason = "InterfaceNotFound";
  }
  SUBCASE("what only libpcap takes for an interface") {
    options.interface_name = "nflog:5";
    reason = "InterfaceNotFound";
  }
  SUBCASE("an interface that is down") {
    Shell("ip link set near0 down");
    reason = "InterfaceDown";
  }
  SUBCASE("a bad filter") {
    options.filter = "udp prot 53";
    reason = "InvalidFilter";
  }
  SUBCASE("a name longer than any interface has") {
    options.interface_name = std::string(100, 'x');
    reason = "InterfaceNotFound";
  }
  SUBCASE("no such folder") {
    options.folder = folder / "missing";
    reason = "WriteError";
  }
  Watched watched(options);
  const CaptureReport report = watched.End();
  REQUIRE(report.end.has_value());
  CHECK_MESSAGE(report.end->reason == reason, report.end->message);
  CHECK_FALSE(report.end->message.empty());
  CHECK(NamesIn(folder.path()).empty());
}

TEST_CASE("a filter that the kernel does not take is refused, and does not run in user space") {
  if (!HasNamespaces()) return;
  const std::string limit = "/proc/sys/net/core/optmem_max";
  if (access(limit.c_str(), W_OK) != 0) {
    MESSAGE("skipped: before Linux 6.8 this limit is the whole machine's");
    return;
  }
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.filter = "udp port 10";
  for (int port = 2; port <= 300; port++) options.filter += " or udp port " + std::to_string(10 * port);
  const std::string before = ReadFile(limit);
  WriteFile(limit, "4096");
  const CaptureReport report = Watched(options).End();
  WriteFile(limit, before);
  REQUIRE(report.end.has_value());
  CHECK_MESSAGE(report.end->reason == "InvalidFilter", report.end->message);
  CHECK(report.end->message.find("which the node's kernel did not take") != std::string::npos);
  CHECK(NamesIn(folder.path()).empty());
}

TEST_CASE("an interface called as a source of libpcap's own is refused before anything is opened") {
  if (!HasNamespaces()) return;
  for (const char* name : {"nfqueue", "nflog", "usbmon0", "bluetooth0", "dbus-system"}) {
    CAPTURE(name);
    const Link link;
    Shell("ip link set near0 down && ip link set near0 name " + std::string(name) + " && ip link set " +
          name + " up");
    SourceOptions options;
    options.interface_name = name;
    options.ring_bytes = 1 << 20;
    try {
      ProbeInterface(options);
      FAIL("it opened");
    } catch (const Failure& failure) {
      CHECK(failure.reason() == "CaptureError");
      CHECK(std::string(failure.what()).find("give the interface another name") != std::string::npos);
    }
  }
}

TEST_CASE("a process without a descriptor left does not say that the interface is missing") {
  if (!HasNamespaces()) return;
  const Link link;
  SourceOptions options;
  options.interface_name = "near0";
  options.ring_bytes = 1 << 20;
  std::vector<UniqueFd> taken;
  while (taken.empty() || taken.back()) taken.emplace_back(dup(0));
  try {
    ProbeInterface(options);
    FAIL("it opened");
  } catch (const Failure& failure) {
    CHECK(failure.reason() == "CaptureError");
    CHECK(std::string(failure.what()) == "near0: Too many open files");
  }
}

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

TEST_CASE("an interface is probed without leaving anything") {
  if (!HasNamespaces()) return;
  const Link link;
  const auto probe = [](const char* name) {
    SourceOptions options;
    options.interface_name = name;
    options.ring_bytes = 1 << 20;
    return ProbeInterface(options);
  };
  CHECK(probe("near0").name == "near0");
  CHECK(probe("near0").link_type == "EN10MB");
  CHECK(probe("any").index == 0);
  CHECK_THROWS_AS(probe("nowhere0"), Failure);
}

}  // namespace pcapper
