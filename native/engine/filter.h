#pragma once

#include <pcap/pcap.h>

#include <string>

namespace pcapper {

// The kernel takes no more instructions (BPF_MAXINSNS, linux/bpf_common.h); libpcap would filter in
// user space without a word.
constexpr unsigned kMaxFilterInstructions = 4096;

// A compiled filter, freed when it goes.
class Filter {
 public:
  // Throws Failure InvalidFilter in libpcap's own words. May take seconds: never on the JavaScript thread.
  Filter(pcap_t* handle, const std::string& expression);
  ~Filter() { pcap_freecode(&program_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  bpf_program* program() { return &program_; }
  unsigned instructions() const { return program_.bf_len; }

 private:
  bpf_program program_{};
};

// Compiles without an interface and returns the number of instructions. `link_type` is libpcap's name.
// Throws Failure InvalidFilter.
unsigned CompileFilter(const std::string& expression, const std::string& link_type, int snap_length);

}  // namespace pcapper
