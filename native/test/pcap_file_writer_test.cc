#include "engine/pcap_file_writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <filesystem>

#include "engine/capture_folder.h"
#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::HasNamespaces;
using test::HeaderText;
using test::MakeHeader;
using test::MakePacket;
using test::Packet;
using test::ParsePcap;
using test::RandomPacket;
using test::ReadFile;
using test::RecordText;
using test::SmallDisk;
using test::TemporaryFolder;

namespace {

constexpr uint64_t kNoLimit = 1ull << 40;
constexpr size_t kBufferBytes = 4u << 20;

bool Append(PcapFileWriter& writer, const Packet& packet) {
  return writer.Append(packet.header, reinterpret_cast<const uint8_t*>(packet.data.data()));
}

// A writer over files of a folder, and what they should hold.
struct Writing {
  explicit Writing(const std::string& folder) : files(folder, "t") { Next(); }

  void Next() {
    OpenFile file = files.Create(++number, MakeHeader());
    path = folder_path() + "/.t.0000" + std::to_string(number) + ".pcap.next";
    direct = static_cast<bool>(file.direct);
    writer.Begin(std::move(file));
    expected = HeaderText();
  }
  void Add(const Packet& packet) {
    REQUIRE(Append(writer, packet));
    expected += RecordText(packet);
    packets++;
  }
  std::string folder_path() const { return files.path(); }

  CaptureFolder files;
  PcapFileWriter writer{MakeHeader(), kNoLimit, [](size_t) {}};
  uint32_t number = 0;
  std::string path;
  bool direct = false;
  std::string expected;
  uint64_t packets = 0;
};

void CheckFinish(Writing& writing) {
  const WrittenFile written = writing.writer.Finish();
  CHECK_FALSE(writing.writer.failure().has_value());
  CHECK(written.what.bytes == writing.expected.size());
  CHECK(written.what.packets == writing.packets);
  CHECK((ReadFile(writing.path) == writing.expected));
  writing.writer.Reset();
  writing.packets = 0;
}

void WriteRandomly(const std::string& folder, uint32_t seed, uint32_t max_bytes, int packets) {
  std::mt19937 random(seed);
  Writing writing(folder);
  for (int packet = 0; packet < packets; packet++) {
    writing.Add(RandomPacket(random, max_bytes));
    if (random() % 50 != 0) continue;
    REQUIRE(writing.writer.Flush());
    const CapturedFile what = writing.writer.Written();
    CHECK(what.bytes == writing.expected.size());
    CHECK(what.packets == writing.packets);
    CHECK((ReadFile(writing.path) == writing.expected));
  }
  CheckFinish(writing);
}

// Writes until the disk is full, then checks that what there is ends at a record, and the counts.
void FillDisk(const SmallDisk& disk, uint32_t max_bytes, int flush_every) {
  Writing writing(disk.path());
  std::mt19937 random(7);
  uint64_t appended = 0;
  for (bool written = true; written; appended++) {
    const Packet packet = RandomPacket(random, max_bytes);
    writing.expected += RecordText(packet);
    written = Append(writing.writer, packet);
    if (written && flush_every > 0 && appended % static_cast<uint64_t>(flush_every) == 0)
      written = writing.writer.Flush();
  }
  REQUIRE(writing.writer.failure().has_value());
  CHECK(writing.writer.failure()->reason() == "DiskFull");
  CHECK(std::string(writing.writer.failure()->what()) ==
        "writing t.00001.pcap.part: No space left on device");
  const WrittenFile written = writing.writer.Finish();
  const std::string text = ReadFile(writing.path);
  const auto whole = ParsePcap(text);
  CHECK(written.what.packets == whole.size());
  CHECK(written.what.bytes == text.size());
  CHECK(writing.writer.packets() == appended);
  CHECK(whole.size() < appended);
  CHECK((text == writing.expected.substr(0, text.size())));
  // Not more than a packet and a few blocks of the disk's last megabytes are given away.
  CHECK(!whole.empty());
  CHECK(written.what.last_timestamp ==
        whole.back().header.seconds * kNanosecondsPerSecond + whole.back().header.nanoseconds);
}

}  // namespace

TEST_CASE("what is appended is in the file, byte for byte, after each flush and at the end") {
  const TemporaryFolder folder;
  WriteRandomly(folder.path(), 1, 100, 3000);
  const TemporaryFolder other;
  WriteRandomly(other.path(), 2, 65'550, 1000);
  const TemporaryFolder third;
  WriteRandomly(third.path(), 3, kMaxSnapLength, 300);
}

TEST_CASE("a file without a packet is a file header") {
  const TemporaryFolder folder;
  Writing writing(folder.path());
  CheckFinish(writing);
}

TEST_CASE("a record that ends at the buffer's end, one byte before or behind it, is written whole") {
  for (const int offset : {-17, -16, -1, 0, 1, 15, 16, 4095, 4096, 4097}) {
    const TemporaryFolder folder;
    Writing writing(folder.path());
    const auto target = static_cast<size_t>(static_cast<int>(kBufferBytes) + offset);
    while (target - writing.expected.size() > 200'000) writing.Add(MakePacket(5, 100'000, 'a'));
    writing.Add(MakePacket(6, static_cast<uint32_t>(target - writing.expected.size() - 16), 'b'));
    CHECK(writing.expected.size() == target);
    SUBCASE("and that is all") {}
    SUBCASE("and more comes") { writing.Add(MakePacket(7, 1000, 'c')); }
    SUBCASE("and a flush comes") { CHECK(writing.writer.Flush()); }
    CheckFinish(writing);
  }
}

TEST_CASE("one writer writes one file after the other") {
  const TemporaryFolder folder;
  Writing writing(folder.path());
  for (int file = 0; file < 3; file++) {
    for (int packet = 0; packet < 100; packet++) writing.Add(MakePacket(7, 60'000));
    CheckFinish(writing);
    writing.Next();
  }
  CheckFinish(writing);
}

TEST_CASE("the limit counts what is written and what waits") {
  const TemporaryFolder folder;
  CaptureFolder files(folder.path(), "t");
  PcapFileWriter writer(MakeHeader(), 24 + 16 + 100, [](size_t) {});
  writer.Begin(files.Create(1, MakeHeader()));
  CHECK(writer.Fits(100));
  CHECK_FALSE(writer.Fits(101));
  REQUIRE(Append(writer, MakePacket(7, 84)));
  CHECK(writer.Fits(0));
  CHECK_FALSE(writer.Fits(1));
  CHECK(writer.Flush());
  CHECK(writer.Fits(0));
  CHECK_FALSE(writer.Fits(1));
}

TEST_CASE("the place to wait is told how many bytes go to disk, all in all the file") {
  const TemporaryFolder folder;
  CaptureFolder files(folder.path(), "t");
  size_t told = 0;
  PcapFileWriter writer(MakeHeader(), kNoLimit, [&](size_t bytes) { told += bytes; });
  writer.Begin(files.Create(1, MakeHeader()));
  for (int packet = 0; packet < 1000; packet++) REQUIRE(Append(writer, MakePacket(7, 20'000)));
  const WrittenFile written = writer.Finish();
  CHECK(told >= written.what.bytes);
  CHECK(told < written.what.bytes + 64 * 1024 * 64);
}

TEST_CASE("the same bytes are in the file on every file system") {
  if (!HasNamespaces()) return;
  for (const char* kind : {"tmpfs", "ramfs", "ext4", "xfs"}) {
    CAPTURE(kind);
    const SmallDisk disk(kind, std::string(kind) == "xfs" ? "320m" : "96m");
    if (!disk.mounted()) continue;
    Writing writing(disk.path());
    CHECK(writing.direct == (std::string(kind) != "ramfs"));
    CheckFinish(writing);
    std::filesystem::remove(writing.path);
    WriteRandomly(disk.path(), 4, 20'000, 2000);
  }
}

TEST_CASE("a disk that fills up keeps whole records, and the counts say how many") {
  if (!HasNamespaces()) return;
  for (const char* kind : {"tmpfs", "ext4"}) {
    for (const uint32_t max_bytes : {100u, 1500u, 65'000u}) {
      for (const int flush_every : {0, 500}) {
        CAPTURE(kind);
        CAPTURE(max_bytes);
        CAPTURE(flush_every);
        const SmallDisk disk(kind, "10m");
        if (disk.mounted()) FillDisk(disk, max_bytes, flush_every);
      }
    }
  }
}

TEST_CASE("a write that the disk refuses for another reason is a WriteError that says why") {
  const TemporaryFolder folder;
  CaptureFolder files(folder.path(), "t");
  PcapFileWriter writer(MakeHeader(), kNoLimit, [](size_t) {});
  OpenFile file = files.Create(1, MakeHeader());
  file.direct.Close();
  file.buffered = UniqueFd(open((folder / ".t.00001.pcap.next").c_str(), O_RDONLY | O_CLOEXEC));
  writer.Begin(std::move(file));
  REQUIRE(Append(writer, MakePacket(7, 60)));
  CHECK_FALSE(writer.Flush());
  REQUIRE(writer.failure().has_value());
  CHECK(writer.failure()->reason() == "WriteError");
  CHECK(std::string(writer.failure()->what()) == "writing t.00001.pcap.part: Bad file descriptor");
  CHECK(writer.Finish().what.packets == 0);
}

}  // namespace pcapper
