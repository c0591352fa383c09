#include "engine/file_keeper.h"

#include <doctest/doctest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <string_view>
#include <thread>

#include "engine/clock.h"
#include "test/support/disk_calls.h"
#include "test/support/files.h"
#include "test/support/json_check.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::CountPackets;
using test::Exists;
using test::HasNamespaces;
using test::HeaderText;
using test::IsJson;
using test::MakeHeader;
using test::MakePacket;
using test::NamesIn;
using test::ReadFile;
using test::RecordText;
using test::SmallDisk;
using test::TemporaryFolder;
using test::WriteFile;

namespace {

Manifest MakeManifest() {
  Manifest manifest;
  manifest.head = R"({"name":"t"})";
  manifest.interface = {"near0", 7, "EN10MB"};
  manifest.start_time = 1'700'000'000'000'000'000;
  return manifest;
}

// What a capture thread does with a keeper, without packets from a network.
struct Ring {
  Ring(const std::string& folder, uint32_t file_count, const Manifest& manifest = MakeManifest())
      : path(folder), keeper(CaptureFolder(folder, "t"), MakeHeader(), manifest, file_count, [] {}) {}

  void Start() { file = keeper.Start(); }
  std::string Name(uint32_t number) const {
    char digits[8];
    snprintf(digits, sizeof digits, "%05u", number);
    return std::string("t.") + digits + ".pcap";
  }
  // Writes so many packets into the current file.
  CapturedFile Fill(uint32_t packets) {
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
  bool Turn(uint32_t packets) {
    const CapturedFile what = Fill(packets);
    std::optional<OpenFile> next = keeper.Turn(std::move(file), what);
    file = {};
    if (next) file = *std::move(next);
    return next.has_value();
  }
  CaptureEnd Finish(uint32_t packets) {
    CapturedFile what;
    if (file.buffered) what = Fill(packets);
    return keeper.Finish(std::move(file), what, counted, {"Stopped", "", 1'700'000'001'000'000'000});
  }
  std::string ManifestText() const { return ReadFile(path + "/t.json"); }

  std::string path;
  FileKeeper keeper;
  OpenFile file;
  Statistics counted;
};

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// What a capture that kept so many files, each of one packet, left to the next life.
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

uint64_t BytesUsed(const std::string& path) {
  struct statvfs room {};
  REQUIRE(statvfs(path.c_str(), &room) == 0);
  return (room.f_blocks - room.f_bfree) * room.f_frsize;
}

// False after 10 s in vain.
bool Await(const std::function<bool()>& wanted) {
  const int64_t limit = MonotonicNow() + 10 * kNanosecondsPerSecond;
  while (!wanted()) {
    if (MonotonicNow() > limit) return false;
    usleep(1000);
  }
  return true;
}

uint64_t PacketsIn(const std::string& folder) {
  uint64_t packets = 0;
  for (const std::string& name : NamesIn(folder)) {
    if (name.ends_with(".pcap")) packets += CountPackets(folder + "/" + name);
  }
  return packets;
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

TEST_CASE("whoever reads the manifest while files turn reads valid JSON") {
  const TemporaryFolder folder;
  std::atomic<bool> over{false};
  std::atomic<int> broken{0};
  std::atomic<int> read{0};
  Ring ring(folder.path(), 3);
  ring.Start();
  std::thread reader([&] {
    while (!over) {
      read++;
      if (!IsJson(ReadFile(folder / "t.json"))) broken++;
    }
  });
  const int64_t end = MonotonicNow() + 2 * kNanosecondsPerSecond;
  while (MonotonicNow() < end) {
    if (!ring.Turn(1)) break;
    ring.keeper.Publish(ring.Fill(1), ring.counted);
  }
  CHECK(ring.Finish(1).reason == "Stopped");
  over = true;
  reader.join();
  CHECK(read > 0);
  CHECK(broken == 0);
}

TEST_CASE("a published length is in the manifest while the capture runs") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  const CapturedFile what = ring.Fill(5);
  ring.keeper.Publish(what, ring.counted);
  const std::string expected =
      R"("current":{"name":"t.00001.pcap.part","number":1,"packets":5,"bytes":)" + std::to_string(what.bytes);
  const int64_t limit = MonotonicNow() + 10 * kNanosecondsPerSecond;
  while (!Has(ring.ManifestText(), expected) && MonotonicNow() < limit) usleep(1000);
  CHECK(Has(ring.ManifestText(), expected));
  CHECK(ring.Finish(5).reason == "Stopped");
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

TEST_CASE("a capture that cannot start leaves nothing, and nothing of others is touched") {
  const TemporaryFolder folder;
  std::string in_the_way;
  SUBCASE("a manifest of that name") { in_the_way = "t.json"; }
  SUBCASE("a reserve of that name") { in_the_way = ".t.json.reserve"; }
  SUBCASE("a first file still being written") { in_the_way = "t.00001.pcap.part"; }
  SUBCASE("a first file made ahead") { in_the_way = ".t.00001.pcap.next"; }
  WriteFile(folder / in_the_way, "somebody's");
  Ring ring(folder.path(), 3);
  try {
    ring.Start();
    FAIL("it started");
  } catch (const Failure& failure) {
    CHECK(failure.reason() == "WriteError");
    CHECK(Has(failure.what(), "File exists"));
  }
  CHECK(NamesIn(folder.path()) == std::vector<std::string>{in_the_way});
  CHECK(ReadFile(folder / in_the_way) == "somebody's");
}

TEST_CASE("a folder that is no folder, is missing or is a link is refused") {
  const TemporaryFolder folder;
  WriteFile(folder / "file", "");
  std::filesystem::create_directory_symlink(folder.path(), folder / "link");
  for (const char* name : {"file", "missing", "link"}) {
    CHECK_THROWS_AS(CaptureFolder(folder / name, "t"), Failure);
  }
}

TEST_CASE("a whole file's name that is taken is a failure, its packets stay in the .part") {
  const TemporaryFolder folder;
  WriteFile(folder / "t.00001.pcap", "somebody's");
  Ring ring(folder.path(), 3);
  ring.Start();
  const CaptureEnd end = ring.Finish(3);
  CHECK(end.reason == "WriteError");
  CHECK(end.message == "renaming t.00001.pcap.part to t.00001.pcap: File exists");
  CHECK(ReadFile(folder / "t.00001.pcap") == "somebody's");
  CHECK(CountPackets(folder / "t.00001.pcap.part") == 3);
  CHECK(Has(ring.ManifestText(), "\"finished\":{\"reason\":\"WriteError\""));
  CHECK(Has(ring.ManifestText(), R"({"name":"t.00001.pcap.part","number":1,"packets":3,)"));
}

TEST_CASE("a next file's name that is taken is a failure, and the stranger's file keeps name and bytes") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  WriteFile(folder / "t.00002.pcap.part", "somebody's");
  ring.Start();
  ring.Turn(3);
  const CaptureEnd end = ring.Finish(2);
  CHECK(end.reason == "WriteError");
  CHECK(end.message == "renaming .t.00002.pcap.next to t.00002.pcap.part: File exists");
  CHECK(ReadFile(folder / "t.00002.pcap.part") == "somebody's");
  CHECK_FALSE(Exists(folder / "t.00002.pcap"));
  CHECK(CountPackets(folder / "t.00001.pcap") == 3);
  CHECK(CountPackets(folder / ".t.00002.pcap.next") == 2);
  CHECK(Has(ring.ManifestText(), R"({"name":".t.00002.pcap.next","number":2,"packets":2,)"));
  CHECK(ring.keeper.totals().files == 2);
}

TEST_CASE("a next file that got neither its name nor a packet is no file of the capture") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  WriteFile(folder / "t.00002.pcap.part", "somebody's");
  ring.Start();
  ring.Turn(3);
  CHECK(ring.Finish(0).reason == "WriteError");
  CHECK(NamesIn(folder.path()) == std::vector<std::string>{"t.00001.pcap", "t.00002.pcap.part", "t.json"});
  CHECK(ring.keeper.totals().files == 1);
}

TEST_CASE("a file removed by somebody while it is written is a failure that says so") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  std::filesystem::remove(folder / "t.00001.pcap.part");
  SUBCASE("and nothing came instead") {}
  SUBCASE("and another file came instead") { WriteFile(folder / "t.00001.pcap.part", "somebody's"); }
  const CaptureEnd end = ring.Finish(3);
  CHECK(end.reason == "WriteError");
  CHECK(Has(end.message, "it was removed or replaced"));
  CHECK_FALSE(Exists(folder / "t.00001.pcap"));
  // Its packets are not in a file: they are accounted for all the same.
  CHECK(Has(ring.ManifestText(), "\"files\":[],"));
  CHECK(Has(ring.ManifestText(), R"("removed":{"files":1,"packets":3,)"));
  CHECK(ring.keeper.totals().files == 0);
}

TEST_CASE("a whole file removed by somebody is no failure when its turn comes") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 2);
  ring.Start();
  REQUIRE(ring.Turn(1));
  CHECK(Await([&] { return std::filesystem::remove(folder / "t.00001.pcap"); }));
  REQUIRE(ring.Turn(1));
  CHECK(ring.Finish(1).reason == "Stopped");
  CHECK(ring.keeper.totals().files_removed == 1);
  CHECK(Has(ring.ManifestText(),
            R"("removed":{"files":1,"packets":1,"lastTimestamp":"1970-01-01T00:00:06.000000006Z"})"));
}

TEST_CASE("somebody's file under the name of the oldest is left alone when its turn comes") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 2);
  ring.Start();
  REQUIRE(ring.Turn(1));
  REQUIRE(Await([&] { return Exists(folder / "t.00001.pcap"); }));
  WriteFile(folder / "theirs", "somebody's");
  SUBCASE("a file") { std::filesystem::rename(folder / "theirs", folder / "t.00001.pcap"); }
  SUBCASE("a link to a file") {
    std::filesystem::remove(folder / "t.00001.pcap");
    std::filesystem::create_symlink(folder / "theirs", folder / "t.00001.pcap");
  }
  SUBCASE("a folder") {
    std::filesystem::remove(folder / "t.00001.pcap");
    std::filesystem::create_directory(folder / "t.00001.pcap");
    std::filesystem::rename(folder / "theirs", folder / "t.00001.pcap/theirs");
  }
  REQUIRE(ring.Turn(1));
  CHECK(ring.Finish(1).reason == "Stopped");
  const bool is_folder = std::filesystem::is_directory(folder / "t.00001.pcap");
  CHECK(ReadFile(folder / (is_folder ? "t.00001.pcap/theirs" : "t.00001.pcap")) == "somebody's");
  CHECK(ring.keeper.totals().files_removed == 1);
  CHECK(ring.keeper.totals().files == 2);
}

TEST_CASE("a capture that could not begin leaves nothing") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  ring.keeper.Abandon(std::move(ring.file));
  CHECK(NamesIn(folder.path()).empty());
}

TEST_CASE("a capture that could not go on loses no file of its earlier life") {
  for (const uint32_t file_count : {1u, 3u}) {
    CAPTURE(file_count);
    const TemporaryFolder folder;
    Ring ring(folder.path(), file_count, MakeEarlierLife(folder.path(), file_count));
    ring.Start();
    ring.keeper.Abandon(std::move(ring.file));
    CHECK(PacketsIn(folder.path()) == file_count);
    CHECK(NamesIn(folder.path()).size() == file_count + 1);
    CHECK(Has(ring.ManifestText(), R"("removed":{"files":0,"packets":0})"));
  }
}

TEST_CASE("a full ring that goes on removes its oldest file once it has begun, before it writes") {
  for (const uint32_t file_count : {1u, 3u}) {
    CAPTURE(file_count);
    const TemporaryFolder folder;
    Ring ring(folder.path(), file_count, MakeEarlierLife(folder.path(), file_count));
    ring.counted.packets = file_count;
    ring.Start();
    CHECK_FALSE(ring.keeper.HasRoomFor(ring.file.number));
    ring.keeper.Begin(MakeManifest().start_time);
    ring.keeper.AwaitRoomFor(ring.file.number);
    CHECK_FALSE(Exists(folder / ring.Name(1)));
    CHECK(PacketsIn(folder.path()) == file_count - 1);
    REQUIRE(ring.Turn(1));
    CHECK(ring.Finish(1).reason == "Stopped");
    CHECK(ring.keeper.totals().files == file_count);
    CHECK(PacketsIn(folder.path()) + ring.keeper.totals().packets_removed == ring.counted.packets);
  }
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

TEST_CASE("a file that got its name is listed under it, also where the folder could not be synced then") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  {
    const test::BrokenFolderSync broken;
    REQUIRE(ring.Turn(4));
    REQUIRE(Await([&] { return ring.keeper.failed(); }));
  }
  CHECK(Exists(folder / "t.00001.pcap"));
  const CaptureEnd end = ring.Finish(2);
  CHECK(end.reason == "WriteError");
  CHECK(Has(end.message, "syncing " + folder.path()));
  CHECK(Has(ring.ManifestText(), R"({"name":"t.00001.pcap","number":1,"packets":4,)"));
  CHECK(Has(ring.ManifestText(), R"("removed":{"files":0,"packets":0})"));
  CHECK(ring.keeper.totals().files == 2);
}

TEST_CASE("the time at which a capture began is in its manifest soon") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  ring.keeper.Begin(1'700'000'000'500'000'000);
  CHECK(Await([&] { return Has(ring.ManifestText(), "\"startTime\":\"2023-11-14T22:13:20.500000000Z\""); }));
  CHECK(ring.Finish(1).reason == "Stopped");
  CHECK(Has(ring.ManifestText(), "\"startTime\":\"2023-11-14T22:13:20.500000000Z\""));
}

TEST_CASE("no file is made under a number that the manifest on disk does not reserve") {
  if (!HasNamespaces()) return;
  const TemporaryFolder folder;
  Ring ring(folder.path(), 100);
  ring.Start();
  for (uint32_t turn = 1; turn <= 62; turn++) REQUIRE(ring.Turn(1));
  // With the last whole file in it nothing is left to be written, until the next turn.
  REQUIRE(Await([&] { return Has(ring.ManifestText(), "\"t.00062.pcap\""); }));
  WriteFile(folder / ".t.json.tmp", "");
  test::Shell("mount --bind /dev/full " + folder / ".t.json.tmp");
  REQUIRE(ring.Turn(1));
  // The helper thread tries to make number 65 before it makes 63 whole.
  CHECK(Await([&] { return Exists(folder / "t.00063.pcap"); }));
  CHECK_FALSE(Exists(folder / ".t.00065.pcap.next"));
  SUBCASE("the disk has room again") {
    test::Shell("umount " + folder / ".t.json.tmp");
    REQUIRE(ring.Turn(1));
    CHECK(Has(ring.ManifestText(), "\"reservedThrough\":128"));
    CHECK(ring.Finish(1).reason == "Stopped");
    CHECK(PacketsIn(folder.path()) == 65);
  }
  SUBCASE("the disk stays full") {
    CHECK_FALSE(ring.Turn(1));
    CHECK(ring.Finish(0).reason == "DiskFull");
    CHECK(Has(ring.ManifestText(), "\"reservedThrough\":64"));
    CHECK(PacketsIn(folder.path()) == 64);
    test::Shell("umount " + folder / ".t.json.tmp");
  }
}

TEST_CASE("a next file that cannot be created is a failure at once, not at the capture's end") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  // The second file is made ahead in the background: its name is taken before that.
  WriteFile(folder / ".t.00002.pcap.next", "somebody's");
  ring.Start();
  CHECK_FALSE(ring.keeper.failed());
  CHECK_FALSE(ring.Turn(3));
  CHECK(ring.keeper.failed());
  REQUIRE(ring.keeper.failure().has_value());
  CHECK(std::string(ring.keeper.failure()->what()) == "creating t.00002.pcap: File exists");
  CHECK(ring.Finish(0).reason == "WriteError");
  CHECK(CountPackets(folder / "t.00001.pcap") == 3);
  CHECK(ReadFile(folder / ".t.00002.pcap.next") == "somebody's");
}

TEST_CASE("on a full disk the last manifest is written in its reserve") {
  if (!HasNamespaces()) return;
  for (const char* kind : {"tmpfs", "ext4"}) {
    CAPTURE(kind);
    const SmallDisk disk(kind, "10m");
    if (!disk.mounted()) continue;
    Manifest manifest = MakeManifest();
    // As many times in which nothing was captured as an agent that dies every ten minutes collects in a
    // month.
    manifest.gaps = "[\"" + std::string(300'000, 'g') + "\"]";
    Ring ring(disk.path(), 10, manifest);
    ring.Start();
    test::Shell("dd if=/dev/zero of=" + disk / "ballast" + " bs=4k 2>/dev/null || true");
    test::Shell("sync -f " + disk.path() + "; dd if=/dev/zero of=" + disk / "ballast2" +
                " bs=512 2>/dev/null || true");
    const CaptureEnd end = ring.Finish(0);
    CHECK_MESSAGE(end.reason == "Stopped", end.message);
    CHECK(IsJson(ring.ManifestText()));
    CHECK(Has(ring.ManifestText(), "\"finished\":{\"reason\":\"Stopped\""));
    CHECK_FALSE(Exists(disk / ".t.json.reserve"));
    CHECK(Exists(disk / "ballast"));
  }
}

TEST_CASE("a disk that is full at the start is DiskFull, and nothing is left on it") {
  if (!HasNamespaces()) return;
  const SmallDisk disk("tmpfs", "1m");
  if (!disk.mounted()) return;
  test::Shell("dd if=/dev/zero of=" + disk / "ballast" + " bs=4k 2>/dev/null || true");
  Ring ring(disk.path(), 10);
  try {
    ring.Start();
    FAIL("it started");
  } catch (const Failure& failure) {
    CHECK(failure.reason() == "DiskFull");
  }
  CHECK(NamesIn(disk.path()) == std::vector<std::string>{"ballast"});
}

}  // namespace pcapper
