#pragma once

#include <pcap/pcap.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/packet_source.h"

namespace pcapper {

struct ClosePcap {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};

// libpcap's handle, closed when it goes.
using PcapHandle = std::unique_ptr<pcap_t, ClosePcap>;

// An interface that is open and hears nothing yet: its socket is bound to a protocol that no frame has.
struct OpenHandle {
  PcapHandle handle;
  std::vector<std::string> warnings;  // in libpcap's own words
};

// Opens options.interface_name, which must be options.interface_index, in the calling thread's network
// namespace: everything but a filter, or nothing. Throws Failure InterfaceNotFound, InterfaceDown,
// PermissionDenied, CaptureError.
OpenHandle OpenPcapHandle(const SourceOptions& options);

}  // namespace pcapper
