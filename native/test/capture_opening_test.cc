#include <doctest/doctest.h>
#include <unistd.h>

#include <vector>

#include "engine/failure.h"
#include "engine/open_interface.h"
#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/watched_capture.h"

namespace pcapper {

using test::HasNamespaces;
using test::Link;
using test::NamesIn;
using test::OptionsFor;
using test::ReadFile;
using test::Shell;
using test::TemporaryFolder;
using test::Watched;
using test::WriteFile;

TEST_CASE("a capture that cannot start says why in a word of the catalogue, and leaves no file") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  std::string reason;
  SUBCASE("no such interface") {
    options.interface_name = "nowhere0";
    reason = "InterfaceNotFound";
  }
  SUBCASE("what only libpcap takes for an interface") {
    options.interface_name = "nflog:5";
    reason = "InterfaceNotFound";
  }
  SUBCASE("an interface that is down") {
    Shell("ip link set near0 down");
    reason = "InterfaceDown";
  }
  SUBCASE("a bad filter") {
    options.filter = "udp prot 53";
    reason = "InvalidFilter";
  }
  SUBCASE("a name longer than any interface has") {
    options.interface_name = std::string(100, 'x');
    reason = "InterfaceNotFound";
  }
  SUBCASE("no such folder") {
    options.folder = folder / "missing";
    reason = "WriteError";
  }
  Watched watched(options);
  const CaptureReport report = watched.End();
  REQUIRE(report.end.has_value());
  CHECK_MESSAGE(report.end->reason == reason, report.end->message);
  CHECK_FALSE(report.end->message.empty());
  CHECK(NamesIn(folder.path()).empty());
}

TEST_CASE("a filter that the kernel does not take is refused, and does not run in user space") {
  if (!HasNamespaces()) return;
  const std::string limit = "/proc/sys/net/core/optmem_max";
  if (access(limit.c_str(), W_OK) != 0) {
    MESSAGE("skipped: before Linux 6.8 this limit is the whole machine's");
    return;
  }
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.filter = "udp port 10";
  for (int port = 2; port <= 300; port++) options.filter += " or udp port " + std::to_string(10 * port);
  const std::string before = ReadFile(limit);
  WriteFile(limit, "4096");
  const CaptureReport report = Watched(options).End();
  WriteFile(limit, before);
  REQUIRE(report.end.has_value());
  CHECK_MESSAGE(report.end->reason == "InvalidFilter", report.end->message);
  CHECK(report.end->message.find("which the node's kernel did not take") != std::string::npos);
  CHECK(NamesIn(folder.path()).empty());
}

TEST_CASE("an interface called as a source of libpcap's own is refused before anything is opened") {
  if (!HasNamespaces()) return;
  for (const char* name : {"nfqueue", "nflog", "usbmon0", "bluetooth0", "dbus-system"}) {
    CAPTURE(name);
    const Link link;
    Shell("ip link set near0 down && ip link set near0 name " + std::string(name) + " && ip link set " +
          name + " up");
    SourceOptions options;
    options.interface_name = name;
    options.ring_bytes = 1 << 20;
    try {
      ProbeInterface(options);
      FAIL("it opened");
    } catch (const Failure& failure) {
      CHECK(failure.reason() == "CaptureError");
      CHECK(std::string(failure.what()).find("give the interface another name") != std::string::npos);
    }
  }
}

TEST_CASE("a process without a descriptor left does not say that the interface is missing") {
  if (!HasNamespaces()) return;
  const Link link;
  SourceOptions options;
  options.interface_name = "near0";
  options.ring_bytes = 1 << 20;
  std::vector<UniqueFd> taken;
  while (taken.empty() || taken.back()) taken.emplace_back(dup(0));
  try {
    ProbeInterface(options);
    FAIL("it opened");
  } catch (const Failure& failure) {
    CHECK(failure.reason() == "CaptureError");
    CHECK(std::string(failure.what()) == "near0: Too many open files");
  }
}

TEST_CASE("an interface is probed without leaving anything") {
  if (!HasNamespaces()) return;
  const Link link;
  const auto probe = [](const char* name) {
    SourceOptions options;
    options.interface_name = name;
    options.ring_bytes = 1 << 20;
    return ProbeInterface(options);
  };
  CHECK(probe("near0").name == "near0");
  CHECK(probe("near0").link_type == "EN10MB");
  CHECK(probe("any").index == 0);
  CHECK_THROWS_AS(probe("nowhere0"), Failure);
}

}  // namespace pcapper
