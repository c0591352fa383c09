#include "test/support/ring.h"

#include <stdio.h>
#include <unistd.h>

#include <utility>

#include "engine/clock.h"
#include "test/support/files.h"
#include "test/support/pcap_bytes.h"

namespace pcapper::test {

Manifest MakeManifest() {
  Manifest manifest;
  manifest.head = R"({"name":"t"})";
  manifest.interface = {"near0", 7, "EN10MB"};
  manifest.start_time = 1'700'000'000'000'000'000;
  return manifest;
}

Manifest MakeEarlierLife(const std::string& folder, uint32_t files) {
  Manifest manifest = MakeManifest();
  manifest.first_number = files + 1;
  const std::string text = HeaderText() + RecordText(MakePacket(5, 60));
  for (uint32_t number = 1; number <= files; number++) {
    const std::string name = CaptureFolder(folder, "t").FileName(number);
    WriteFile(folder + "/" + name, text);
    manifest.files.push_back({.name = name, .number = number, .packets = 1, .bytes = text.size()});
  }
  manifest.statistics.packets = files;
  WriteFile(folder + "/t.json", "{}");
  return manifest;
}

Ring::Ring(const std::string& folder, uint32_t file_count, const Manifest& manifest)
    : path(folder), keeper(CaptureFolder(folder, "t"), MakeHeader(), manifest, file_count) {}

std::string Ring::Name(uint32_t number) const {
  char digits[8];
  snprintf(digits, sizeof digits, "%05u", number);
  return std::string("t.") + digits + ".pcap";
}

CapturedFile Ring::Fill(uint32_t packets) {
  std::string text = HeaderText();
  for (uint32_t packet = 0; packet < packets; packet++) text += RecordText(MakePacket(5 + packet, 60));
  keeper.AwaitRoomFor(file.number);
  const ssize_t written = pwrite(file.buffered.get(), text.data(), text.size(), 0);
  counted.packets += packets;
  return {.name = file.name,
          .number = file.number,
          .packets = packets,
          .bytes = written < 0 ? 0 : static_cast<uint64_t>(written),
          .first_timestamp = 5'000'000'005,
          .last_timestamp = 6'000'000'006};
}

bool Ring::Turn(uint32_t packets) {
  const CapturedFile what = Fill(packets);
  std::optional<OpenFile> next = keeper.Turn(std::move(file), what);
  file = {};
  if (next) file = *std::move(next);
  return next.has_value();
}

CaptureEnd Ring::Finish(uint32_t packets) {
  CapturedFile what;
  if (file.buffered) what = Fill(packets);
  return keeper.Finish(std::move(file), what, counted, {"Stopped", "", 1'700'000'001'000'000'000});
}

std::string Ring::ManifestText() const { return ReadFile(path + "/t.json"); }

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool Await(const std::function<bool()>& wanted) {
  const int64_t limit = MonotonicNow() + 10 * kNanosecondsPerSecond;
  while (!wanted()) {
    if (MonotonicNow() > limit) return false;
    usleep(1000);
  }
  return true;
}

}  // namespace pcapper::test
