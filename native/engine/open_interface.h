#pragma once

#include <memory>

#include "engine/interface_watch.h"
#include "engine/manifest.h"
#include "engine/packet_source.h"

namespace pcapper {

// An interface that is open, and the watch over what becomes of it.
struct OpenInterface {
  OpenedInterface interface;
  std::unique_ptr<InterfaceWatch> watch;
  std::unique_ptr<PacketSource> source;
};

// Opens a real interface, by its index, or `any`: nothing else that libpcap would open as a device. No
// packet comes in before the source's Begin(). Throws Failure PodNetworkNotFound, InterfaceNotFound,
// InterfaceDown, PermissionDenied, InvalidFilter, CaptureError; LookupStopped by `options.lookup`.
OpenInterface Open(SourceOptions options);

// Opens it and closes it again: what would a capture find? Throws what Open() throws. It does not begin: to
// unbind a socket that hears something the kernel waits some 15 ms.
OpenedInterface ProbeInterface(const SourceOptions& options);

}  // namespace pcapper
