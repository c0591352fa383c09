#include <doctest/doctest.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "test/support/disk_calls.h"
#include "test/support/files.h"
#include "test/support/json_check.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"
#include "test/support/ring.h"

namespace pcapper {

using test::CountPackets;
using test::Exists;
using test::Has;
using test::HasNamespaces;
using test::IsJson;
using test::MakeManifest;
using test::NamesIn;
using test::PacketsIn;
using test::ReadFile;
using test::Ring;
using test::SmallDisk;
using test::TemporaryFolder;

namespace {

uint64_t BytesUsed(const std::string& path) {
  struct statvfs room {};
  REQUIRE(statvfs(path.c_str(), &room) == 0);
  return (room.f_blocks - room.f_bfree) * room.f_frsize;
}

}  // namespace

TEST_CASE("a capture of one file leaves it and a finished manifest, and nothing else") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 10);
  ring.Start();
  CHECK(Exists(folder / "t.00001.pcap.part"));
  CHECK(Has(ring.ManifestText(), "\"reservedThrough\":64"));
  CHECK_FALSE(Has(ring.ManifestText(), "\"finished\""));
  CHECK(ring.Finish(3).reason == "Stopped");
  CHECK(NamesIn(folder.path()) == std::vector<std::string>{"t.00001.pcap", "t.json"});
  CHECK(CountPackets(folder / "t.00001.pcap") == 3);
  const std::string manifest = ring.ManifestText();
  CHECK(IsJson(manifest));
  CHECK(Has(manifest, R"("capture":{"name":"t"})"));
  CHECK(Has(manifest, R"("name":"t.00001.pcap","number":1,"packets":3)"));
  CHECK(Has(manifest,
            R"("finished":{"reason":"Stopped","message":"","time":"2023-11-14T22:13:21.000000000Z"})"));
  CHECK_FALSE(Has(manifest, "\"current\""));
}

TEST_CASE("a ring keeps its number of files, the newest, under numbers that only increase") {
  for (const uint32_t file_count : {1u, 2u, 5u}) {
    CAPTURE(file_count);
    const TemporaryFolder folder;
    Ring ring(folder.path(), file_count);
    ring.Start();
    constexpr uint32_t kTurns = 20;
    for (uint32_t turn = 1; turn <= kTurns; turn++) REQUIRE(ring.Turn(turn));
    CHECK(ring.Finish(100).reason == "Stopped");
    std::vector<std::string> expected;
    for (uint32_t number = kTurns + 2 - file_count; number <= kTurns + 1; number++) {
      expected.push_back(ring.Name(number));
    }
    expected.emplace_back("t.json");
    CHECK(NamesIn(folder.path()) == expected);
    const FileTotals totals = ring.keeper.totals();
    CHECK(totals.files == file_count);
    CHECK(totals.files_removed == kTurns + 1 - file_count);
    CHECK(PacketsIn(folder.path()) + totals.packets_removed == ring.counted.packets);
    uint64_t bytes = 0;
    for (uint32_t file = 0; file < file_count; file++) bytes += ReadFile(folder / expected[file]).size();
    CHECK(totals.bytes_on_disk == bytes);
    CHECK(totals.current_file == folder / ring.Name(kTurns + 1));
    CHECK(IsJson(ring.ManifestText()));
  }
}

TEST_CASE("the oldest file goes only when the next one has its name, and before a byte is written to it") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  for (uint32_t turn = 1; turn <= 30; turn++) {
    REQUIRE(ring.Turn(1));
    ring.keeper.AwaitRoomFor(ring.file.number);
    // Room for the next one means: it is there, and at most two others are.
    const auto names = NamesIn(folder.path());
    CHECK(Exists(folder / (ring.file.name + ".part")));
    const auto captures = std::count_if(names.begin(), names.end(), [](const std::string& name) {
      return name.ends_with(".pcap") || name.ends_with(".part");
    });
    CHECK(captures == std::min(3u, turn + 1));
  }
  ring.Finish(1);
}

TEST_CASE("tiny files at high speed all arrive, beyond the numbers reserved at first") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 400);
  ring.Start();
  for (uint32_t turn = 1; turn <= 300; turn++) REQUIRE(ring.Turn(2));
  // Names in use are always reserved in the manifest on disk.
  CHECK(Has(ring.ManifestText(), "\"reservedThrough\":320"));
  CHECK(ring.Finish(2).reason == "Stopped");
  CHECK(NamesIn(folder.path()).size() == 302);
  CHECK(PacketsIn(folder.path()) == 602);
}

TEST_CASE("the manifest of a large ring covers many numbers ahead: it is not written for each few files") {
  const TemporaryFolder folder;
  constexpr uint32_t kFiles = 99'999;
  Manifest manifest = MakeManifest();
  manifest.first_number = kFiles + 1;
  for (uint32_t number = 1; number <= kFiles; number++) {
    const std::string name = CaptureFolder(folder.path(), "t").FileName(number);
    manifest.files.push_back({.name = name, .number = number, .packets = 1, .bytes = 100});
  }
  Ring ring(folder.path(), kFiles, manifest);
  ring.Start();
  ring.keeper.Begin(manifest.start_time, 0);
  // Each manifest of this size takes the time of some hundred turns.
  for (uint32_t turn = 0; turn < 300; turn++) REQUIRE(ring.Turn(2));
  CHECK(Has(ring.ManifestText(), "\"reservedThrough\":106248"));
  CHECK(ring.Finish(2).reason == "Stopped");
  CHECK(ring.keeper.totals().files == kFiles);
  CHECK(ring.keeper.totals().files_removed == 301);
}

TEST_CASE("a ring takes the blocks of one file more than it keeps, at most, however slow the disk syncs") {
  if (!HasNamespaces()) return;
  const SmallDisk disk("tmpfs", "64m");
  if (!disk.mounted()) return;
  constexpr uint32_t kFiles = 3;
  constexpr uint32_t kPackets = 10'000;
  const uint64_t file_bytes = kFileHeaderBytes + kPackets * (kRecordHeaderBytes + 60);
  const test::SlowFileSync slow(30);
  Ring ring(disk.path(), kFiles);
  ring.Start();
  const uint64_t before = BytesUsed(disk.path());
  uint64_t most = 0;
  for (int turn = 0; turn < 24; turn++) {
    const CapturedFile what = ring.Fill(kPackets);
    most = std::max(most, BytesUsed(disk.path()) - before);
    std::optional<OpenFile> next = ring.keeper.Turn(std::move(ring.file), what);
    REQUIRE(next.has_value());
    ring.file = *std::move(next);
  }
  CHECK(ring.Finish(1).reason == "Stopped");
  // Besides the packets: the file made ahead, the manifest and its draft.
  CHECK(most < (kFiles + 1) * file_bytes + file_bytes / 2);
}

TEST_CASE("a keeper that is dropped without an end leaves no hidden file and can be recovered") {
  const TemporaryFolder folder;
  {
    Ring ring(folder.path(), 3);
    ring.Start();
    REQUIRE(ring.Turn(4));
  }
  const auto names = NamesIn(folder.path());
  CHECK(std::none_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.ends_with(".next"); }));
  CHECK(CountPackets(folder / "t.00001.pcap") == 4);
  CHECK(Exists(folder / "t.00002.pcap.part"));
}

}  // namespace pcapper
