#pragma once

#include <exception>
#include <functional>
#include <string>

#include "engine/filter.h"
#include "engine/pcap_handle.h"

namespace pcapper {

// Whoever waited for names was told to wait no more.
class LookupStopped : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped while host names were looked up"; }
};

// Compiles an expression with host names in it. libpcap asks the resolver, and nothing can interrupt that: so
// a thread of its own opens a handle and compiles for it, and is left behind where the answer takes too long.
// It owns all it touches, and ends when the resolver gives up; where too many were left, none is begun.
// Throws what `open` throws, Failure InvalidFilter, LookupStopped.
FilterProgram CompileApart(std::function<PcapHandle()> open, std::string expression, const LookupWait& wait);

}  // namespace pcapper
