#include "engine/filter_check.h"

#include "engine/failure.h"
#include "engine/filter_lookup.h"
#include "engine/filter_names.h"

namespace pcapper {

size_t CheckFilter(const std::string& expression, const std::string& link_type, int snap_length,
                   const LookupWait& wait) {
  const int type = pcap_datalink_name_to_val(link_type.c_str());
  if (type < 0) throw Failure("CaptureError", "libpcap knows no link type " + link_type);
  const auto open = [type, snap_length] {
    PcapHandle handle(pcap_open_dead(type, snap_length));
    if (!handle) throw Failure("NotEnoughMemory", "no memory to compile the filter");
    return handle;
  };
  if (MayHoldNames(expression)) return CompileApart(open, expression, wait).size();
  return Compile(open().get(), expression).size();
}

}  // namespace pcapper
