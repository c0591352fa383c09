#pragma once

#include <cstdint>
#include <string>

namespace pcapper::test {

// Runs a shell command. Throws std::runtime_error if it fails.
void Shell(const std::string& command);

// Whether this process has network and mount namespaces of its own (run.sh); if not, says that the
// running test is skipped.
bool HasNamespaces();

// A file system of its own below `folder`, unmounted when it goes. `kind`: tmpfs, ramfs, ext4, xfs.
class SmallDisk {
 public:
  SmallDisk(const std::string& kind, const std::string& size);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  // False where this machine cannot mount it; says that the test is skipped.
  bool mounted() const { return mounted_; }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string base_;
  std::string path_;
  bool mounted_ = false;
};

// A veth pair in this namespace: what is sent on `far0` arrives at `near0`, and nobody answers.
class Link {
 public:
  Link();
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  // Sends Ethernet frames of `bytes` to a MAC address that nobody has.
  void Send(uint64_t frames, uint32_t bytes = 64) const;
  // The same with a VLAN tag of number 7 and the Ethernet type of IPv4.
  void SendTagged(uint64_t frames) const;

 private:
  void SendFrames(uint64_t frames, const std::string& frame) const;

  int socket_ = -1;
};

// UDP datagrams over lo, each of which a capture sees once.
void SendOverLoopback(uint64_t datagrams);

}  // namespace pcapper::test
