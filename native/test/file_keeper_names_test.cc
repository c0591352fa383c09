#include <doctest/doctest.h>

#include <filesystem>

#include "test/support/disk_calls.h"
#include "test/support/files.h"
#include "test/support/pcap_bytes.h"
#include "test/support/ring.h"

namespace pcapper {

using test::Await;
using test::CountPackets;
using test::Exists;
using test::Has;
using test::NamesIn;
using test::ReadFile;
using test::Ring;
using test::TemporaryFolder;
using test::WriteFile;

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

TEST_CASE("a last manifest whose folder cannot be synced says that itself, as the end does") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  REQUIRE(ring.Turn(4));
  REQUIRE(Await([&] { return Exists(folder / "t.00001.pcap"); }));
  REQUIRE(Await([&] { return Has(ring.ManifestText(), "t.00001.pcap\""); }));
  ring.file = {};
  const test::BrokenFolderSync broken;
  CHECK(ring.Finish(0).reason == "WriteError");
  CHECK(Has(ring.ManifestText(), R"("finished":{"reason":"WriteError")"));
  CHECK_FALSE(Exists(folder / ".t.json.reserve"));
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

}  // namespace pcapper
