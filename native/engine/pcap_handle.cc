#include "engine/pcap_handle.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/failure.h"

namespace pcapper {
namespace {

// Reserved as an EtherType (RFC 1701, appendix): bound to it, a socket gets no packet while it is set up.
constexpr int kNoProtocol = 0xffff;

// "device: libpcap's status (its detail)", as tcpdump says it.
Failure ActivateFailure(const std::string& name, int status, const std::string& detail) {
  std::string text = name + ": " + pcap_statustostr(status);
  if (!detail.empty() && detail != pcap_statustostr(status)) text += " (" + detail + ")";
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return Failure("InterfaceNotFound", text);
    case PCAP_ERROR_IFACE_NOT_UP:
      return Failure("InterfaceDown", text);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return Failure("PermissionDenied", text);
    default:
      return Failure("CaptureError", detail.empty() ? text : name + ": " + detail);
  }
}

std::string NotAnInterface(const std::string& name) {
  return name +
         ": libpcap has a source of its own of this name and cannot open an interface that is called so; " +
         "give the interface another name";
}

PcapHandle Create(const SourceOptions& options) {
  char error[PCAP_ERRBUF_SIZE] = "";
  PcapHandle handle(pcap_create(options.interface_name.c_str(), error));
  if (!handle) throw Failure("CaptureError", options.interface_name + ": " + error);
  pcap_t* pcap = handle.get();
  // Before it is opened, this is how libpcap says that it took the name for another source of its own, to
  // which opening may do harm (nfqueue takes live traffic away): packet sockets have nanoseconds, those do
  // not.
  if (pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) != 0) {
    throw Failure("CaptureError", NotAnInterface(options.interface_name));
  }
  const bool accepted = pcap_set_snaplen(pcap, static_cast<int>(options.snap_length)) == 0 &&
                        pcap_set_promisc(pcap, options.promiscuous ? 1 : 0) == 0 &&
                        pcap_set_timeout(pcap, kRetireMilliseconds) == 0 &&
                        pcap_set_buffer_size(pcap, static_cast<int>(options.ring_bytes)) == 0 &&
                        pcap_set_protocol_linux(pcap, kNoProtocol) == 0;
  if (!accepted) throw Failure("CaptureError", options.interface_name + ": libpcap refused an option");
  return handle;
}

void Activate(OpenHandle& opened, const std::string& name) {
  pcap_t* pcap = opened.handle.get();
  const int status = pcap_activate(pcap);
  const std::string detail = pcap_geterr(pcap);
  if (status < 0) throw ActivateFailure(name, status, detail);
  if (status > 0) opened.warnings.push_back(detail.empty() ? pcap_statustostr(status) : detail);
  char error[PCAP_ERRBUF_SIZE] = "";
  if (pcap_setnonblock(pcap, 1, error) != 0) throw Failure("CaptureError", error);
}

// Between looking the name up and opening it, another interface may have taken the name.
void CheckIdentity(pcap_t* pcap, const SourceOptions& options) {
  sockaddr_ll bound{};
  socklen_t bytes = sizeof bound;
  if (getsockname(pcap_fileno(pcap), reinterpret_cast<sockaddr*>(&bound), &bytes) != 0) {
    throw Failure("CaptureError", options.interface_name + ": " + ErrorText(errno));
  }
  if (bound.sll_family != AF_PACKET) {
    throw Failure("CaptureError", NotAnInterface(options.interface_name));
  }
  if (bound.sll_ifindex != options.interface_index) {
    throw Failure("InterfaceNotFound", options.interface_name + " changed while it was opened");
  }
}

}  // namespace

OpenHandle OpenPcapHandle(const SourceOptions& options) {
  OpenHandle opened{Create(options), {}};
  Activate(opened, options.interface_name);
  CheckIdentity(opened.handle.get(), options);
  return opened;
}

}  // namespace pcapper
