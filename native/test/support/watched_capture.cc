#include "test/support/watched_capture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <utility>

#include "engine/clock.h"
#include "test/support/files.h"
#include "test/support/json_check.h"
#include "test/support/pcap_bytes.h"

namespace pcapper::test {

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
          .min_free_disk = {},
          .manifest_head = "{}",
          .earlier = {}};
}

Watched::Watched(CaptureOptions options)
    : capture(std::move(options), [this] {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
      }) {}

bool Watched::Await(const std::function<bool(const CaptureReport&)>& wanted) {
  const int64_t limit = MonotonicNow() + 20 * kNanosecondsPerSecond;
  while (MonotonicNow() < limit) {
    if (wanted(capture.Report())) return true;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
  return false;
}

bool Watched::AwaitRunning() {
  return Await([](const CaptureReport& report) { return report.state == CaptureState::kRunning; });
}

CaptureReport Watched::End() {
  capture.Join();
  return capture.Report();
}

CaptureReport Watched::StopAndEnd() {
  capture.Stop("Stopped", "");
  return End();
}

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

}  // namespace pcapper::test
