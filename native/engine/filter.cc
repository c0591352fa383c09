#include "engine/filter.h"

#include "engine/failure.h"

namespace pcapper {

FilterProgram Compile(pcap_t* handle, const std::string& expression) {
  bpf_program compiled{};
  if (pcap_compile(handle, &compiled, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    throw Failure("InvalidFilter", pcap_geterr(handle));
  }
  FilterProgram program(compiled.bf_insns, compiled.bf_insns + compiled.bf_len);
  pcap_freecode(&compiled);
  if (program.size() > kMaxFilterInstructions) {
    throw Failure("InvalidFilter", "it compiles to " + std::to_string(program.size()) +
                                       " instructions, the kernel takes at most " +
                                       std::to_string(kMaxFilterInstructions));
  }
  return program;
}

}  // namespace pcapper
