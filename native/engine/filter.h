#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/clock.h"

namespace pcapper {

// The kernel takes no more instructions (BPF_MAXINSNS, linux/bpf_common.h); libpcap would filter in
// user space without a word.
constexpr unsigned kMaxFilterInstructions = 4096;

// A compiled filter. Empty = none: even one that takes all packets has an instruction.
using FilterProgram = std::vector<bpf_insn>;

// Compiles for a handle that is open. Throws Failure InvalidFilter in libpcap's own words. May take seconds:
// never on the JavaScript thread; and as long as a resolver likes, where MayHoldNames() says so.
FilterProgram Compile(pcap_t* handle, const std::string& expression);

// For how long somebody waits for the host names in a filter.
struct LookupWait {
  int stop_descriptor = -1;  // readable = wait no more; -1 = nobody stops it
  // Nanoseconds. A resolver asks again after 5 s (resolv.conf(5)): one lost datagram must not be the end.
  int64_t longest = 10 * kNanosecondsPerSecond;
};

}  // namespace pcapper
