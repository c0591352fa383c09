#include "engine/network_namespace.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include "engine/capture.h"
#include "engine/failure.h"
#include "engine/unique_fd.h"
#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/resolver.h"
#include "test/support/watched_capture.h"

namespace pcapper {

using test::HasNamespaces;
using test::NamesIn;
using test::Shell;
using test::TemporaryFolder;

namespace {

// A network namespace under a name, as a container runtime mounts it.
class Mounted {
 public:
  explicit Mounted(std::string path) : path_(std::move(path)) {
    Shell("touch " + path_);
    Mount();
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  ~Mounted() {
    const int ignored = std::system(("umount --lazy " + path_).c_str());
    static_cast<void>(ignored);
  }

  const std::string& path() const { return path_; }
  std::string id() const {
    struct stat found {};
    REQUIRE(stat(path_.c_str(), &found) == 0);
    return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
  }
  // Another one under the same name. The first is held, so that the second cannot get its number.
  void Replace() {
    first_ = UniqueFd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    Shell("umount --lazy " + path_);
    Mount();
  }

 private:
  void Mount() const { Shell("unshare --net=" + path_ + " ip link set lo up"); }

  std::string path_;
  UniqueFd first_;
};

std::string ReasonOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("the network namespace that was looked at is entered, by its number or whichever it is") {
  if (!HasNamespaces()) return;
  const TemporaryFolder folder;
  const Mounted pod(folder / "pod");
  for (const std::string& id : {pod.id(), std::string()}) {
    bool entered = false;
    InNetworkNamespace(pod.path(), id, [&] { entered = true; });
    CHECK(entered);
  }
}

TEST_CASE("another network namespace that has taken the name is not entered") {
  if (!HasNamespaces()) return;
  const TemporaryFolder folder;
  Mounted pod(folder / "pod");
  const std::string id = pod.id();
  pod.Replace();
  REQUIRE(pod.id() != id);
  bool entered = false;
  CHECK(ReasonOf([&] { InNetworkNamespace(pod.path(), id, [&] { entered = true; }); }) ==
        "PodNetworkNotFound");
  CHECK_FALSE(entered);
}

TEST_CASE("a capture whose network namespace was replaced ends before it begins, without a file") {
  if (!HasNamespaces()) return;
  const TemporaryFolder folder;
  const TemporaryFolder output;
  Mounted pod(folder / "pod");
  const std::string id = pod.id();
  pod.Replace();
  CaptureOptions options = test::OptionsFor(output.path());
  options.network_namespace = pod.path();
  options.network_namespace_id = id;
  options.interface_name = "lo";
  Capture capture(options, [] {});
  capture.Join();
  const CaptureReport report = capture.Report();
  REQUIRE(report.end.has_value());
  CHECK(report.end->reason == "PodNetworkNotFound");
  CHECK(report.end->message == pod.path() + " is another network namespace than the one that was looked at");
  CHECK(report.start_time == 0);
  CHECK(NamesIn(output.path()).empty());
}

TEST_CASE("names in a filter are looked up where this process is, not in the namespace that is captured") {
  if (!HasNamespaces()) return;
  const test::SilentResolver resolver;
  const TemporaryFolder folder;
  const TemporaryFolder output;
  const Mounted pod(folder / "pod");
  CaptureOptions options = test::OptionsFor(output.path());
  options.network_namespace = pod.path();
  options.interface_name = "lo";
  options.filter = "host web";
  test::Watched watched(options);
  CHECK(resolver.AwaitQuestion());
  CHECK(watched.StopAndEnd().end->reason == "Stopped");
  CHECK(resolver.Deny());
}

}  // namespace pcapper
