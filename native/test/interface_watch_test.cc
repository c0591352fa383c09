#include "engine/interface_watch.h"

#include <doctest/doctest.h>
#include <net/if.h>

#include "test/support/machine.h"

namespace pcapper {

using test::HasNamespaces;
using test::Link;
using test::Shell;

namespace {

int IndexOf(const char* name) { return static_cast<int>(if_nametoindex(name)); }

}  // namespace

TEST_CASE("a watch over `any` watches nothing and always exists") {
  InterfaceWatch watch(0);
  CHECK(watch.descriptor() < 0);
  watch.Refresh();
  CHECK(watch.exists());
  CHECK(watch.dropped() == 0);
  CHECK_FALSE(watch.loopback());
}

TEST_CASE("a watch knows lo from an Ethernet device") {
  if (!HasNamespaces()) return;
  const Link link;
  CHECK(InterfaceWatch(IndexOf("lo")).loopback());
  CHECK_FALSE(InterfaceWatch(IndexOf("near0")).loopback());
}

TEST_CASE("an interface that goes down, comes up or gets another name still exists") {
  if (!HasNamespaces()) return;
  const Link link;
  InterfaceWatch watch(IndexOf("near0"));
  CHECK(watch.up());
  Shell("ip link set near0 down");
  watch.ReadEvents();
  CHECK_FALSE(watch.up());
  CHECK(watch.exists());
  Shell("ip link set near0 name other0 && ip link set other0 up");
  watch.ReadEvents();
  CHECK(watch.up());
  CHECK(watch.exists());
}

TEST_CASE("a deleted interface is gone, also by asking, and another of its name is not it") {
  if (!HasNamespaces()) return;
  const Link link;
  InterfaceWatch by_event(IndexOf("near0"));
  InterfaceWatch by_question(IndexOf("near0"));
  Shell("ip link del near0");
  by_event.ReadEvents();
  CHECK_FALSE(by_event.exists());
  Shell("ip link add near0 type veth peer name far0");
  by_question.Refresh();
  CHECK_FALSE(by_question.exists());
  CHECK_FALSE(by_event.exists());
}

TEST_CASE("an interface that moves to another namespace is gone from this one") {
  if (!HasNamespaces()) return;
  const Link link;
  InterfaceWatch watch(IndexOf("near0"));
  Shell("unshare --net sleep 5 & sleep 0.2; ip link set near0 netns $!; kill $!");
  watch.ReadEvents();
  CHECK_FALSE(watch.exists());
}

TEST_CASE("a port that leaves its bridge is not deleted") {
  if (!HasNamespaces()) return;
  const Link link;
  InterfaceWatch watch(IndexOf("near0"));
  Shell("ip link add bridge0 type bridge && ip link set near0 master bridge0");
  Shell("ip link set near0 nomaster && ip link del bridge0");
  watch.ReadEvents();
  CHECK(watch.exists());
}

TEST_CASE("events of other interfaces, and a flood of them, change nothing") {
  if (!HasNamespaces()) return;
  const Link link;
  InterfaceWatch watch(IndexOf("near0"));
  // More than the socket holds: the kernel then says that it lost some.
  Shell("for n in $(seq 300); do ip link set far0 alias a$n; ip link set lo mtu $((2000 + n)); done");
  watch.ReadEvents();
  CHECK(watch.exists());
  CHECK(watch.up());
}

}  // namespace pcapper
