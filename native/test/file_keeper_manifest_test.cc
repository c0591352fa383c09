#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "engine/clock.h"
#include "test/support/disk_calls.h"
#include "test/support/files.h"
#include "test/support/json_check.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"
#include "test/support/ring.h"

namespace pcapper {

using test::Await;
using test::Exists;
using test::Has;
using test::HasNamespaces;
using test::IsJson;
using test::MakeManifest;
using test::PacketsIn;
using test::ReadFile;
using test::Ring;
using test::SmallDisk;
using test::TemporaryFolder;
using test::WriteFile;

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

TEST_CASE("a length is in the manifest only when it is on disk, also after a long rest") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  ring.keeper.Begin(1'700'000'000'500'000'000, 0);
  usleep(3'000'000);
  const CapturedFile what = ring.Fill(5);
  const test::SlowFileSync slow(300);
  const int64_t published = MonotonicNow();
  ring.keeper.Publish(what, ring.counted);
  CHECK(Await([&] { return Has(ring.ManifestText(), "\"packets\":5,"); }));
  // First the packets, then the manifest.
  CHECK(MonotonicNow() - published >= 2 * 300 * kNanosecondsPerMillisecond);
  CHECK(ring.Finish(5).reason == "Stopped");
}

TEST_CASE("the time at which a capture began is in its manifest soon, by both clocks") {
  const TemporaryFolder folder;
  Ring ring(folder.path(), 3);
  ring.Start();
  ring.keeper.Begin(1'700'000'000'500'000'000, 12'345'678'901'234);
  CHECK(Await([&] { return Has(ring.ManifestText(), "\"startTime\":\"2023-11-14T22:13:20.500000000Z\""); }));
  CHECK(ring.Finish(1).reason == "Stopped");
  CHECK(Has(ring.ManifestText(), "\"startTime\":\"2023-11-14T22:13:20.500000000Z\""));
  CHECK(Has(ring.ManifestText(), "\n\"monotonicStart\":12345.679,\n"));
}

TEST_CASE("a disk that is always behind does not keep the whole files out of the manifest") {
  const TemporaryFolder folder;
  // So many that numbers are reserved far ahead: it is not written for their sake.
  Ring ring(folder.path(), 99'999);
  ring.Start();
  const test::SlowFileSync slow(20);
  ring.keeper.Begin(1'700'000'000'500'000'000, 0);
  CHECK(Await([&] { return Has(ring.ManifestText(), "\"name\":\"t.00001.pcap\"") || !ring.Turn(1); }));
  CHECK(Has(ring.ManifestText(), "\"name\":\"t.00001.pcap\""));
  CHECK(ring.Finish(1).reason == "Stopped");
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

}  // namespace pcapper
