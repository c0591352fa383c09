#include "engine/open_interface.h"

#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "engine/failure.h"
#include "engine/network_namespace.h"
#include "engine/pcap_source.h"
#include "engine/unique_fd.h"

namespace pcapper {

namespace {

OpenInterface OpenHere(SourceOptions options) {
  const std::string& name = options.interface_name;
  const bool any = name == "any";
  options.interface_index = any ? 0 : static_cast<int>(if_nametoindex(name.c_str()));
  if (!any && options.interface_index == 0) {
    // if_nametoindex needs a socket too, and does not say if that was what it lacked.
    if (!UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))) {
      throw Failure("CaptureError", name + ": " + ErrorText(errno));
    }
    throw Failure("InterfaceNotFound", name + ": there is no such interface");
  }
  auto watch = std::make_unique<InterfaceWatch>(options.interface_index);
  options.loopback = watch->loopback();
  auto source = OpenPcapSource(options);
  OpenedInterface opened{name, options.interface_index, source->link_type()};
  return {std::move(opened), std::move(watch), std::move(source)};
}

}  // namespace

// A socket stays in the network namespace it was opened in, whatever its thread does later.
OpenInterface Open(const SourceOptions& options) {
  OpenInterface opened;
  InNetworkNamespace(options.network_namespace, options.network_namespace_id,
                     [&] { opened = OpenHere(options); });
  return opened;
}

OpenedInterface ProbeInterface(const SourceOptions& options) { return Open(options).interface; }

}  // namespace pcapper
