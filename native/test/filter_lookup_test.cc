#include "engine/filter_lookup.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "engine/failure.h"
#include "engine/filter_check.h"
#include "engine/filter_names.h"
#include "test/support/files.h"
#include "test/support/machine.h"
#include "test/support/resolver.h"
#include "test/support/ring.h"
#include "test/support/watched_capture.h"

namespace pcapper {

using test::Await;
using test::CheckEnded;
using test::HasNamespaces;
using test::Link;
using test::LookupRuns;
using test::Lookups;
using test::NamesIn;
using test::OptionsFor;
using test::SilentResolver;
using test::TemporaryFolder;
using test::Watched;

namespace {

std::optional<Failure> FailureOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a host name becomes its address") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver("192.0.2.7 web\n");
  CHECK(CheckFilter("host web", "EN10MB", 64) == CheckFilter("host 192.0.2.7", "EN10MB", 64));
}

TEST_CASE("a name that nobody knows is refused in libpcap's own words") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver;
  std::optional<Failure> failure;
  std::thread checker([&] { failure = FailureOf([] { CheckFilter("host web", "EN10MB", 64); }); });
  CHECK(resolver.AwaitQuestion());
  CHECK(resolver.Deny());
  checker.join();
  REQUIRE(failure.has_value());
  CHECK(failure->reason() == "InvalidFilter");
  CHECK(std::string(failure->what()).find("unknown host 'web'") != std::string::npos);
}

TEST_CASE("names that take too long to look up are a sentence, and what was left behind ends later") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver;
  const auto failure =
      FailureOf([] { CheckFilter("udp and host web", "EN10MB", 64, {.longest = kNanosecondsPerSecond}); });
  REQUIRE(failure.has_value());
  CHECK(failure->reason() == "InvalidFilter");
  CHECK(std::string(failure->what()) ==
        "looking up its host names took longer than 1 s: write addresses, or try again when DNS answers");
  CHECK(LookupRuns());
  CHECK(resolver.Deny());
}

TEST_CASE("threads that were left behind are few, however many captures ask, until the resolver gives up") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver;
  const auto check = [](int64_t longest) {
    const auto failure = FailureOf([&] { CheckFilter("host web", "EN10MB", 64, {.longest = longest}); });
    REQUIRE(failure.has_value());
    CHECK(failure->reason() == "InvalidFilter");
    return std::string(failure->what());
  };
  for (int left = 0; left < 16; left++) CHECK(check(1).starts_with("looking up its host names took longer"));
  CHECK(check(kNanosecondsPerSecond) ==
        "the host names of 16 filters are still being looked up, for which nobody waits any more: write "
        "addresses, or try again when DNS answers");
  CHECK(CheckFilter("host 192.0.2.7", "EN10MB", 64) > 1);
  // The last of them may not have begun to ask.
  CHECK(Await([] { return Lookups() == 16; }));
  CHECK(resolver.Deny());
  const std::string after = check(1);
  CHECK_MESSAGE(after.starts_with("looking up its host names took longer"), after);
  CHECK(Await([] { return Lookups() == 1; }));
  CHECK(resolver.Deny());
}

TEST_CASE("a filter without names asks nobody") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver;
  CHECK(CheckFilter("tcp port 80 and host 192.0.2.7", "EN10MB", 64, {.longest = 0}) > 1);
}

TEST_CASE("what is said to hold no names asks nobody, whatever it looks like") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver;
  constexpr const char* kPieces[] = {
      "host ",     "net ", "src ", "gateway ", "port ", "ether host ", "proto ", "not ", "and ",
      "or ",       "(",    ")",    " ",        ":",     "::",          ".",      "-",    "/",
      "%",         "0",    "1",    "02",       "9",     "a",           "f",      "dead", "0x",
      "192.0.2.1", "1::2", "tcp",  "[",        "]",     "=",           "net\t",  "web",  "x"};
  std::mt19937 random(3);
  const auto below = [&](size_t limit) { return random() % limit; };
  int compiled = 0;
  for (int round = 0; round < 40'000; round++) {
    std::string filter;
    for (size_t pieces = 1 + below(9); pieces > 0; pieces--) filter += kPieces[below(std::size(kPieces))];
    if (MayHoldNames(filter)) continue;
    CAPTURE(filter);
    FailureOf([&] { CheckFilter(filter, "EN10MB", 64); });
    if (compiled++ % 100 == 0) REQUIRE_FALSE(resolver.IsAsked());
  }
  CHECK(compiled > 1000);
  CHECK_FALSE(resolver.IsAsked());
}

TEST_CASE("a capture whose names are still looked up ends at once, and nothing of it is left") {
  if (!HasNamespaces()) return;
  const Link link;
  const SilentResolver resolver;
  const TemporaryFolder folder;
  const size_t descriptors = NamesIn("/proc/self/fd").size();
  {
    CaptureOptions options = OptionsFor(folder.path());
    options.filter = "host web";
    Watched watched(options);
    REQUIRE(resolver.AwaitQuestion());
    std::string reason;
    SUBCASE("stopped") {
      watched.capture.Stop("Stopped", "by the test");
      reason = "Stopped";
    }
    SUBCASE("left to the next process") {
      watched.capture.Suspend();
      reason = "Suspended";
    }
    SUBCASE("destroyed") {}
    if (!reason.empty()) {
      const CaptureReport report = watched.End();
      REQUIRE(report.end.has_value());
      CHECK(report.end->reason == reason);
      CHECK(report.start_time == 0);
      CHECK(report.end_time > 0);
    }
  }
  // The answer is still awaited; whoever wanted it is gone.
  CHECK(LookupRuns());
  CHECK(NamesIn(folder.path()).empty());
  CHECK(resolver.Deny());
  CHECK(NamesIn("/proc/self/fd").size() == descriptors);
}

TEST_CASE("a capture by name takes what it would take by address") {
  if (!HasNamespaces()) return;
  const Link link;
  const SilentResolver resolver("127.0.0.1 here\n192.0.2.7 elsewhere\n");
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.interface_name = "lo";
  uint64_t expected = 0;
  SUBCASE("its own") {
    options.filter = "udp port 9999 and host here";
    expected = 1000;
  }
  SUBCASE("another's") { options.filter = "udp port 9999 and host elsewhere"; }
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  test::SendOverLoopback(1000);
  const CaptureReport report = watched.StopAndEnd();
  CheckEnded(report, folder.path(), "Stopped");
  CHECK(report.statistics.packets == expected);
}

TEST_CASE("a filter that was compiled apart finds VLAN tags where the kernel keeps them") {
  if (!HasNamespaces()) return;
  const Link link;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  // Escaped words are not looked up, but they are no keywords either.
  options.filter = "vlan 7 and ether proto \\ip";
  Watched watched(options);
  REQUIRE(watched.AwaitRunning());
  link.Send(30);
  link.SendTagged(50);
  const CaptureReport report = watched.StopAndEnd();
  CheckEnded(report, folder.path(), "Stopped");
  CHECK(report.statistics.packets == 50);
}

TEST_CASE("an interface that cannot be opened is named, whatever names the filter holds") {
  if (!HasNamespaces()) return;
  const SilentResolver resolver;
  const TemporaryFolder folder;
  CaptureOptions options = OptionsFor(folder.path());
  options.interface_name = "nowhere0";
  options.filter = "host web";
  const CaptureReport report = Watched(options).End();
  REQUIRE(report.end.has_value());
  CHECK_MESSAGE(report.end->reason == "InterfaceNotFound", report.end->message);
}

}  // namespace pcapper
