#include <doctest/doctest.h>

#include <filesystem>

#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"
#include "test/support/ring.h"

namespace pcapper {

using test::Exists;
using test::Has;
using test::HasNamespaces;
using test::MakeEarlierLife;
using test::MakeManifest;
using test::NamesIn;
using test::PacketsIn;
using test::ReadFile;
using test::Ring;
using test::SmallDisk;
using test::TemporaryFolder;
using test::WriteFile;

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
    ring.keeper.Begin(MakeManifest().start_time, 0);
    ring.keeper.AwaitRoomFor(ring.file.number);
    CHECK_FALSE(Exists(folder / ring.Name(1)));
    CHECK(PacketsIn(folder.path()) == file_count - 1);
    REQUIRE(ring.Turn(1));
    CHECK(ring.Finish(1).reason == "Stopped");
    CHECK(ring.keeper.totals().files == file_count);
    CHECK(PacketsIn(folder.path()) + ring.keeper.totals().packets_removed == ring.counted.packets);
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
