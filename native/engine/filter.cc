#include "engine/filter.h"

#include <memory>

#include "engine/failure.h"

namespace pcapper {

Filter::Filter(pcap_t* handle, const std::string& expression) {
  if (pcap_compile(handle, &program_, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    throw Failure("InvalidFilter", pcap_geterr(handle));
  }
  if (program_.bf_len > kMaxFilterInstructions) {
    const std::string found = std::to_string(program_.bf_len);
    pcap_freecode(&program_);
    throw Failure("InvalidFilter", "it compiles to " + found + " instructions, the kernel takes at most " +
                                       std::to_string(kMaxFilterInstructions));
  }
}

unsigned CompileFilter(const std::string& expression, const std::string& link_type, int snap_length) {
  const int type = pcap_datalink_name_to_val(link_type.c_str());
  if (type < 0) throw Failure("CaptureError", "libpcap knows no link type " + link_type);
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_open_dead(type, snap_length), pcap_close);
  if (!handle) throw Failure("NotEnoughMemory", "no memory to compile the filter");
  return Filter(handle.get(), expression).instructions();
}

}  // namespace pcapper
