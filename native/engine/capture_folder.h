#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/open_file.h"
#include "engine/pcap_format.h"
#include "engine/unique_fd.h"

namespace pcapper {

// Tells a file from any other that has, or comes to have, its name or its inode number.
struct FileIdentity {
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  uint64_t inode = 0;
  int64_t born_at = 0;  // nanoseconds since 1970; 0 where the file system does not know

  bool operator==(const FileIdentity& other) const {
    return device_major == other.device_major && device_minor == other.device_minor && inode == other.inode &&
           (born_at == other.born_at || born_at == 0 || other.born_at == 0);
  }
};

// The folder of one capture and the names in it. Every name is looked up below the folder's own
// descriptor and no link is followed, so that nobody can point a write elsewhere.
// Helper thread, and the capture thread while it opens; nothing is kept but the descriptor.
class CaptureFolder {
 public:
  CaptureFolder(const std::string& path, std::string prefix);

  std::string FileName(uint32_t number) const;  // PREFIX.NNNNN.pcap
  const std::string& prefix() const { return prefix_; }
  const std::string& path() const { return path_; }

  // Creates `.PREFIX.NNNNN.pcap.next`, hidden until its turn comes, an empty pcap file already. Fails
  // if the name exists.
  OpenFile Create(uint32_t number, const FileHeader& header) const;
  // The hidden file becomes `PREFIX.NNNNN.pcap.part`.
  void Announce(uint32_t number) const;
  // `.part` goes, the name is now a whole file's. Fails if that name exists, or if `.part` is another
  // file by now.
  void Complete(const OpenFile& file) const;
  // Removes a hidden or a `.part` file that holds nothing; never another file of that name.
  void Discard(const OpenFile& file) const;
  // Nothing where the file cannot be asked.
  static std::optional<FileIdentity> IdentityOf(const OpenFile& file);
  std::optional<FileIdentity> IdentityOf(const std::string& name) const;
  // Whether the name, not followed as a link, is this file's.
  bool IsNamed(const FileIdentity& file, const std::string& name) const;
  // Takes a file's name away; the descriptor returned still holds its blocks. Nothing where the name is
  // gone, or another file's by now.
  UniqueFd Unlink(const FileIdentity& file, const std::string& name) const;
  void Sync() const;

  // Makes `.PREFIX.json.reserve`, real blocks for a last manifest on a disk that is full by then.
  void ReserveManifest(size_t bytes) const;
  // The first PREFIX.json. Fails if that name exists: it tells of another capture.
  void CreateManifest(const std::string& text) const;
  // Replaces PREFIX.json in one step, synced.
  void WriteManifest(const std::string& text) const;
  // The same; on a full disk in the blocks of the reserve.
  void WriteLastManifest(const std::string& text) const;
  void RemoveReserve() const;
  // For a start that failed: nothing may be left.
  void RemoveManifest() const;

 private:
  static constexpr unsigned kFileMode = 0640;

  bool IsNamed(const OpenFile& file, const std::string& name) const;
  void WriteSynced(const std::string& name, int flags, const std::string& text) const;
  void ReplaceManifest(const std::string& from) const;

  std::string path_;
  std::string prefix_;
  UniqueFd folder_;
};

// Gives a file's blocks back step by step: one large unlink holds the disk up for long (181 ms for
// 1 GB on ext4). Its name is gone already; one that somebody has open is left to the last who closes it.
void FreeBlocksGently(UniqueFd file);

}  // namespace pcapper
