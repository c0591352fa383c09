#include <doctest/doctest.h>

#include <string>

#include "engine/failure.h"
#include "engine/filter_check.h"
#include "engine/filter_names.h"

namespace pcapper {

TEST_CASE("a filter compiles, an empty one takes all packets") {
  CHECK(CheckFilter("udp port 53", "EN10MB", 262144) > 1);
  CHECK(CheckFilter("", "EN10MB", 262144) == 1);
  CHECK(CheckFilter("udp", "LINUX_SLL", 262144) > 1);
}

TEST_CASE("a bad filter is refused in libpcap's own words") {
  try {
    CheckFilter("udp prot 53", "EN10MB", 262144);
    FAIL("it compiled");
  } catch (const Failure& failure) {
    CHECK(failure.reason() == "InvalidFilter");
    CHECK(std::string(failure.what()).find("syntax error") != std::string::npos);
  }
  CHECK_THROWS_AS(CheckFilter("ether host aa", "RAW", 262144), Failure);
  CHECK_THROWS_AS(CheckFilter("udp", "NO_SUCH_TYPE", 262144), Failure);
}

TEST_CASE("a filter of more instructions than the kernel takes is refused") {
  // Distinct two-byte tests that the optimiser cannot join.
  std::string expression = "ether[0:2] = 1";
  for (int term = 2; term < 4200; term++) expression += " or ether[0:2] = " + std::to_string(term);
  try {
    CheckFilter(expression, "EN10MB", 64);
    FAIL("it was taken");
  } catch (const Failure& failure) {
    CHECK(failure.reason() == "InvalidFilter");
    CHECK(std::string(failure.what()).find("the kernel takes at most 4096") != std::string::npos);
  }
}

TEST_CASE("a filter of keywords, numbers and addresses holds no names") {
  for (const char* filter :
       {"", " ", "udp", "udp port 53", "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0",
        "not arp and not (ip6 or icmp)", "host 192.0.2.1 or host 2001:db8::1", "src net 192.0.2.0/24",
        "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420", "vlan 7 and ether proto 0x88b5",
        "ether[0:2] = 1 or len>100", "ether host 02:00:0:00:00:a9"}) {
    CHECK_MESSAGE(!MayHoldNames(filter), std::string(filter));
  }
}

TEST_CASE("whatever else is in a filter counts as a name") {
  for (const char* filter : {"host web",
                             "web",
                             "src web and udp",
                             "host 1e100.net",
                             "host 3com",
                             "host dead.beef",
                             "host 1.2.3.4.5",
                             "host face",
                             "host 1.2.3.4-5",
                             "host a:b",
                             "host abc:def",
                             "host 0xg",
                             "host dead:beef",
                             "ether host 02:00:00:00:00",
                             "ether host 02:00:00:00:00:0g",
                             "ether host be:ad:00:00:00:001",
                             "HOST 192.0.2.1",
                             "udp port domain",
                             "ether proto \\ip",
                             "net loopback",
                             "host wéb",
                             "host a_b",
                             "udp;web",
                             "host 0x"}) {
    CHECK_MESSAGE(MayHoldNames(filter), std::string(filter));
  }
}

}  // namespace pcapper
