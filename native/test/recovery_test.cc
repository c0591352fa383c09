#include "engine/recovery.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "engine/failure.h"
#include "engine/unique_fd.h"
#include "test/support/files.h"
#include "test/support/pcap_bytes.h"

namespace pcapper {

using test::Exists;
using test::HeaderText;
using test::MakePacket;
using test::NamesIn;
using test::ReadFile;
using test::RecordText;
using test::TemporaryFolder;
using test::WriteFile;

namespace {

std::string ReasonOf(const std::string& path) {
  try {
    RecoverFile(path);
    return "none";
  } catch (const Failure& failure) {
    return failure.reason() + ": " + failure.what();
  }
}

}  // namespace

TEST_CASE("a file cut anywhere is whole after recovery, and only its piece of a record is lost") {
  const TemporaryFolder folder;
  const std::string one = HeaderText() + RecordText(MakePacket(7, 60));
  const std::string two = one + RecordText(MakePacket(8, 5));
  for (size_t cut = one.size(); cut <= two.size(); cut++) {
    WriteFile(folder / "a.00001.pcap.part", two.substr(0, cut));
    const RecoveredFile recovered = RecoverFile(folder / "a.00001.pcap.part");
    const std::string& expected = cut == two.size() ? two : one;
    CHECK(ReadFile(folder / "a.00001.pcap") == expected);
    CHECK(recovered.what.name == "a.00001.pcap");
    CHECK(recovered.what.packets == (cut == two.size() ? 2 : 1));
    CHECK(recovered.what.bytes == expected.size());
    CHECK(recovered.cut_bytes == cut - expected.size());
    CHECK_FALSE(Exists(folder / "a.00001.pcap.part"));
    std::filesystem::remove(folder / "a.00001.pcap");
  }
}

TEST_CASE("zeros behind the last packet are cut off, not read as packets") {
  const TemporaryFolder folder;
  const std::string whole = HeaderText() + RecordText(MakePacket(7, 60));
  WriteFile(folder / "a.pcap.part", whole + std::string(5 << 20, '\0'));
  const RecoveredFile recovered = RecoverFile(folder / "a.pcap.part");
  CHECK(recovered.what.packets == 1);
  CHECK(recovered.cut_bytes == 5 << 20);
  CHECK(ReadFile(folder / "a.pcap") == whole);
}

TEST_CASE("a file of several read buffers is recovered whole") {
  const TemporaryFolder folder;
  std::string text = HeaderText();
  for (uint32_t packet = 1; packet <= 50; packet++) text += RecordText(MakePacket(packet, 65'000 + packet));
  WriteFile(folder / "a.pcap.part", text + std::string(3, 'z'));
  const RecoveredFile recovered = RecoverFile(folder / "a.pcap.part");
  CHECK(recovered.what.packets == 50);
  CHECK(recovered.cut_bytes == 3);
  CHECK(recovered.what.first_timestamp == 1'000'000'001);
  CHECK(recovered.what.last_timestamp == 50'000'000'050);
  CHECK(ReadFile(folder / "a.pcap") == text);
}

TEST_CASE("what a manifest vouches for is not read again, and what follows is counted on") {
  const TemporaryFolder folder;
  // Zeros would end a scan.
  const std::string unread = HeaderText() + std::string(5000, '\0');
  const std::string text = unread + RecordText(MakePacket(8, 60)) + RecordText(MakePacket(9, 60));
  WriteFile(folder / "a.pcap.part", text + "piece");
  const RecoveredFile recovered = RecoverFile(
      folder / "a.pcap.part",
      {.name = {}, .packets = 7, .bytes = unread.size(), .first_timestamp = 1, .last_timestamp = 2});
  CHECK(recovered.what.packets == 9);
  CHECK(recovered.what.bytes == text.size());
  CHECK(recovered.cut_bytes == 5);
  CHECK(recovered.what.first_timestamp == 1);
  CHECK(recovered.what.last_timestamp == 9'000'000'009);
  CHECK(ReadFile(folder / "a.pcap") == text);
}

TEST_CASE("a manifest that vouches for more than there is, or for no packet, is not believed") {
  const TemporaryFolder folder;
  const std::string text = HeaderText() + RecordText(MakePacket(8, 60));
  for (const CapturedFile& known : {CapturedFile{.name = {}, .packets = 7, .bytes = text.size() + 1},
                                    CapturedFile{.name = {}, .packets = 0, .bytes = 24}}) {
    WriteFile(folder / "a.pcap.part", text);
    CHECK(RecoverFile(folder / "a.pcap.part", known).what.packets == 1);
    CHECK(ReadFile(folder / "a.pcap") == text);
    std::filesystem::remove(folder / "a.pcap");
  }
}

TEST_CASE("a repair leaves nothing of a file in the page cache") {
  const TemporaryFolder folder;
  struct statfs about {};
  REQUIRE(statfs(folder.path().c_str(), &about) == 0);
  if (about.f_type == TMPFS_MAGIC) {
    MESSAGE("skipped: the files of a tmpfs are its page cache");
    return;
  }
  std::string text = HeaderText();
  for (uint32_t packet = 1; packet <= 100; packet++) text += RecordText(MakePacket(packet, 65'000));
  WriteFile(folder / "a.pcap.part", text);
  const UniqueFd file(open((folder / "a.pcap.part").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(fdatasync(file.get()) == 0);
  RecoverFile(folder / "a.pcap.part");
  void* mapped = mmap(nullptr, text.size(), PROT_READ, MAP_SHARED, file.get(), 0);
  REQUIRE(mapped != MAP_FAILED);
  std::vector<unsigned char> resident(text.size() / 4096 + 1);
  CHECK(mincore(mapped, text.size(), resident.data()) == 0);
  munmap(mapped, text.size());
  const auto pages =
      std::count_if(resident.begin(), resident.end(), [](unsigned char page) { return page & 1; });
  CHECK(pages < 300);
}

TEST_CASE("an unfinished file without a packet is removed") {
  const TemporaryFolder folder;
  for (const std::string& text : {std::string(), HeaderText().substr(0, 10), HeaderText(),
                                  HeaderText() + "piece", std::string(8192, '\0')}) {
    WriteFile(folder / "a.pcap.part", text);
    CHECK(RecoverFile(folder / "a.pcap.part").what.packets == 0);
    CHECK(NamesIn(folder.path()).empty());
  }
}

TEST_CASE("an unfinished file with the header of another program is left alone") {
  const TemporaryFolder folder;
  const std::string text = "These are my notes, not a capture file.";
  WriteFile(folder / "notes.part", text);
  CHECK(ReasonOf(folder / "notes.part").starts_with("WriteError: "));
  CHECK(ReadFile(folder / "notes.part") == text);
}

TEST_CASE("a hidden file that was not announced yet is recovered under its own name") {
  const TemporaryFolder folder;
  const std::string whole = HeaderText() + RecordText(MakePacket(7, 60));
  WriteFile(folder / ".a.00002.pcap.next", whole + "p");
  CHECK(RecoverFile(folder / ".a.00002.pcap.next").what.packets == 1);
  CHECK(NamesIn(folder.path()) == std::vector<std::string>{"a.00002.pcap"});
}

TEST_CASE("a file that is whole already is counted and not touched") {
  const TemporaryFolder folder;
  const std::string text = HeaderText() + RecordText(MakePacket(7, 60)) + "behind";
  WriteFile(folder / "a.pcap", text);
  CHECK(chmod((folder / "a.pcap").c_str(), 0440) == 0);
  const RecoveredFile counted = RecoverFile(folder / "a.pcap");
  CHECK(counted.what.packets == 1);
  CHECK(counted.cut_bytes == 6);
  CHECK(ReadFile(folder / "a.pcap") == text);
}

TEST_CASE("recovery never follows a link, opens no pipe, and takes nobody's name") {
  const TemporaryFolder folder;
  const std::string whole = HeaderText() + RecordText(MakePacket(7, 60));
  SUBCASE("a symbolic link") {
    WriteFile(folder / "precious", whole + "piece");
    std::filesystem::create_symlink(folder / "precious", folder / "a.pcap.part");
    CHECK(ReasonOf(folder / "a.pcap.part").starts_with("WriteError: opening "));
    CHECK(ReadFile(folder / "precious") == whole + "piece");
  }
  SUBCASE("a FIFO") {
    REQUIRE(mkfifo((folder / "a.pcap.part").c_str(), 0600) == 0);
    CHECK(ReasonOf(folder / "a.pcap.part").ends_with("it is not a file"));
  }
  SUBCASE("a folder") {
    std::filesystem::create_directory(folder / "a.pcap.part");
    CHECK(ReasonOf(folder / "a.pcap.part").starts_with("WriteError: opening "));
  }
  SUBCASE("a name that is taken") {
    WriteFile(folder / "a.pcap", "somebody's");
    WriteFile(folder / "a.pcap.part", whole);
    CHECK(ReasonOf(folder / "a.pcap.part") == "WriteError: renaming a.pcap.part to a.pcap: File exists");
    CHECK(ReadFile(folder / "a.pcap") == "somebody's");
    CHECK(ReadFile(folder / "a.pcap.part") == whole);
  }
}

TEST_CASE("a file or folder that is not there is said to be missing") {
  const TemporaryFolder folder;
  CHECK(ReasonOf(folder / "a.pcap").ends_with("No such file or directory"));
  CHECK(ReasonOf(folder / "nowhere/a.pcap").ends_with("No such file or directory"));
}

}  // namespace pcapper
