#pragma once

#include <memory>

#include "engine/packet_source.h"

namespace pcapper {

// Opens an interface through libpcap: everything or nothing, but for Begin(). Throws Failure
// InterfaceNotFound, InterfaceDown, PermissionDenied, InvalidFilter, CaptureError.
std::unique_ptr<PacketSource> OpenPcapSource(const SourceOptions& options);

}  // namespace pcapper
