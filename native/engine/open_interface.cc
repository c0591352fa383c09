#include "engine/open_interface.h"

#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "engine/failure.h"
#include "engine/filter_lookup.h"
#include "engine/filter_names.h"
#include "engine/network_namespace.h"
#include "engine/pcap_handle.h"
#include "engine/pcap_source.h"
#include "engine/unique_fd.h"

namespace pcapper {

namespace {

// The ring of a handle that only compiles: a lookup that hangs holds no more.
constexpr uint64_t kSmallRing = 1 << 20;

int IndexOf(const std::string& name) {
  if (name == "any") return 0;
  const auto index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index > 0) return index;
  // if_nametoindex needs a socket too, and does not say if that was what it lacked.
  if (!UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))) {
    throw Failure("CaptureError", name + ": " + ErrorText(errno));
  }
  throw Failure("InterfaceNotFound", name + ": there is no such interface");
}

OpenInterface OpenHere(SourceOptions options) {
  const std::string& name = options.interface_name;
  options.interface_index = IndexOf(name);
  auto watch = std::make_unique<InterfaceWatch>(options.interface_index);
  options.loopback = watch->loopback();
  auto source = OpenPcapSource(options);
  OpenedInterface opened{name, options.interface_index, source->link_type()};
  return {std::move(opened), std::move(watch), std::move(source)};
}

PcapHandle OpenToCompile(SourceOptions options) {
  options.ring_bytes = kSmallRing;
  options.promiscuous = false;
  PcapHandle handle;
  InNetworkNamespace(options.network_namespace, options.network_namespace_id, [&] {
    options.interface_index = IndexOf(options.interface_name);
    handle = OpenPcapHandle(options).handle;
  });
  return handle;
}

}  // namespace

// A socket stays in the network namespace it was opened in, whatever its thread does later. Names are looked
// up in this process's own: a pod does not hear of it, and its resolver is not asked.
OpenInterface Open(SourceOptions options) {
  if (MayHoldNames(options.filter)) {
    options.program =
        CompileApart([options] { return OpenToCompile(options); }, options.filter, options.lookup);
  }
  OpenInterface opened;
  InNetworkNamespace(options.network_namespace, options.network_namespace_id,
                     [&] { opened = OpenHere(options); });
  return opened;
}

OpenedInterface ProbeInterface(const SourceOptions& options) { return Open(options).interface; }

}  // namespace pcapper
