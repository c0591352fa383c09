#include "engine/filter_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

namespace pcapper {
namespace {

// pcap-filter(7): what stands between words. All else is part of a word.
constexpr std::string_view kBetweenWords = " \t\r\n()[]!=<>&|+*/^%";

// Words that libpcap reads as keywords wherever they stand. Those that are missing here only count as
// possible names.
constexpr std::string_view kKeywords[] = {
    "and",       "or",        "not",       "host",     "net",      "mask",      "port",
    "src",       "dst",       "tcp",       "udp",      "icmp",     "icmp6",     "sctp",
    "igmp",      "ip",        "ip6",       "arp",      "rarp",     "ether",     "proto",
    "portrange", "broadcast", "multicast", "len",      "less",     "greater",   "inbound",
    "outbound",  "vlan",      "mpls",      "tcpflags", "tcp-fin",  "tcp-syn",   "tcp-rst",
    "tcp-push",  "tcp-ack",   "tcp-urg",   "icmptype", "icmpcode", "icmp-echo", "icmp-echoreply"};

bool IsKeyword(std::string_view word) {
  return std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
}

// 53, 0x88b5, and the two numbers of an index: tcp[12:1].
bool IsNumber(std::string_view word) {
  const bool hexadecimal = word.starts_with("0x");
  const std::string_view digits = hexadecimal ? word.substr(2) : word;
  const std::string_view wanted = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789:";
  return !digits.empty() && digits.find_first_not_of(wanted) == std::string_view::npos &&
         std::count(digits.begin(), digits.end(), ':') <= 1;
}

// Six groups of one or two hexadecimal digits. (ether_aton(3) takes anything behind them.)
bool IsHardwareAddress(std::string_view word) {
  int digits = 0;
  int colons = 0;
  for (const unsigned char character : word) {
    const bool is_colon = character == ':';
    if (is_colon ? digits == 0 : isxdigit(character) == 0 || digits == 2) return false;
    digits = is_colon ? 0 : digits + 1;
    if (is_colon) colons++;
  }
  return colons == 5 && digits > 0;
}

bool IsAddress(const std::string& word) {
  in6_addr address{};
  return inet_pton(AF_INET, word.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, word.c_str(), &address) == 1 || IsHardwareAddress(word);
}

}  // namespace

bool MayHoldNames(std::string_view expression) {
  for (size_t end = 0; end < expression.size();) {
    const size_t start = expression.find_first_not_of(kBetweenWords, end);
    if (start == std::string_view::npos) return false;
    end = std::min(expression.find_first_of(kBetweenWords, start), expression.size());
    const std::string_view word = expression.substr(start, end - start);
    if (!IsKeyword(word) && !IsNumber(word) && !IsAddress(std::string(word))) return true;
  }
  return false;
}

}  // namespace pcapper
