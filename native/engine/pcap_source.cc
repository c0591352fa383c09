#include "engine/pcap_source.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/failure.h"
#include "engine/filter.h"
#include "engine/pcap_handle.h"

namespace pcapper {
namespace {

// libpcap's own header for this handle: magic, snapshot length and link type as its readers expect.
FileHeader MakeFileHeader(pcap_t* handle) {
  char* text = nullptr;
  size_t bytes = 0;
  FILE* stream = open_memstream(&text, &bytes);
  if (stream == nullptr) throw Failure("NotEnoughMemory", "no memory for the file header");
  pcap_dumper_t* dumper = pcap_dump_fopen(handle, stream);
  if (dumper == nullptr) {
    fclose(stream);
    free(text);
    throw Failure("CaptureError", pcap_geterr(handle));
  }
  pcap_dump_close(dumper);
  FileHeader header{};
  const bool whole = bytes == header.size();
  if (whole) std::memcpy(header.data(), text, header.size());
  free(text);
  if (!whole) throw Failure("CaptureError", "libpcap wrote a file header of another size");
  return header;
}

class PcapSource : public PacketSource {
 public:
  explicit PcapSource(const SourceOptions& options)
      : name_(options.interface_name), index_(options.interface_index) {
    OpenHandle opened = OpenPcapHandle(options);
    handle_ = std::move(opened.handle);
    warnings_ = std::move(opened.warnings);
    if (options.loopback) IgnoreOutgoing();
    InstallFilter(options.program.empty() ? Compile(handle_.get(), options.filter) : options.program);
    header_ = MakeFileHeader(handle_.get());
    const char* name = pcap_datalink_val_to_name(pcap_datalink(handle_.get()));
    link_type_ = name != nullptr ? name : std::to_string(pcap_datalink(handle_.get()));
  }

  // Bound to all protocols: everything is in place, and no packet from before is in the ring.
  void Begin() override {
    TakeDrops();
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);
    all.sll_ifindex = index_;
    if (bind(pcap_fileno(handle_.get()), reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0) {
      const int error = errno;
      const bool gone = error == ENODEV || error == ENXIO;
      throw Failure(gone ? "InterfaceNotFound" : "CaptureError", name_ + ": " + ErrorText(error));
    }
  }

  int descriptor() const override { return pcap_get_selectable_fd(handle_.get()); }

  int Dispatch(int max_packets, pcap_handler handler, uint8_t* user) override {
    const int count = pcap_dispatch(handle_.get(), max_packets, handler, user);
    if (count < 0) throw Failure("CaptureError", pcap_geterr(handle_.get()));
    return count;
  }

  // Not by pcap_setfilter: libpcap would run the new filter over the packets that wait as well.
  void Shut() override {
    std::vector<sock_filter> nothing{BPF_STMT(BPF_RET | BPF_K, 0)};
    AttachFilter(nothing);
  }

  // packet(7): the kernel's counters start anew at each read. pcap_stats() adds them up in 32 bits.
  uint64_t TakeDrops() override {
    tpacket_stats_v3 counted{};
    socklen_t bytes = sizeof counted;
    const int fd = pcap_fileno(handle_.get());
    if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counted, &bytes) != 0) return 0;
    return counted.tp_drops;
  }

  const FileHeader& file_header() const override { return header_; }
  const std::string& link_type() const override { return link_type_; }
  const std::vector<std::string>& warnings() const override { return warnings_; }

 private:
  // On lo each packet passes twice; only the incoming copy is wanted.
  void IgnoreOutgoing() const {
    const int yes = 1;
    if (setsockopt(pcap_fileno(handle_.get()), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) != 0) {
      throw Failure("CaptureError", "ignoring outgoing copies: " + ErrorText(errno));
    }
  }

  // Always one, even an empty one: without it the kernel does not cut packets to the snapshot length.
  // libpcap would run it over the first block of the ring once more, in user space, where packets that the
  // kernel cut to a short snapshot length match no longer. So the filter as libpcap gave it to the kernel
  // (adjusted to cooked headers and VLAN tags) is put back behind an empty one, which libpcap may run.
  void InstallFilter(const FilterProgram& filter) {
    SetFilter(filter);
    std::vector<sock_filter> taken = KernelFilter();
    // libpcap goes on and filters by itself: then packets that do not match fill the ring and count as drops.
    if (taken.empty()) throw Failure("InvalidFilter", NotTaken(filter.size()));
    SetFilter(Compile(handle_.get(), ""));
    AttachFilter(taken);
  }

  // socket(7): a filter has to fit into what a socket may take for options.
  static std::string NotTaken(size_t instructions) {
    return "it compiles to " + std::to_string(instructions) +
           " instructions, which the node's kernel did not take: make it shorter, or raise "
           "net.core.optmem_max";
  }

  // libpcap keeps a copy.
  void SetFilter(FilterProgram filter) {
    bpf_program program{.bf_len = static_cast<unsigned>(filter.size()), .bf_insns = filter.data()};
    if (pcap_setfilter(handle_.get(), &program) == 0) return;
    throw Failure("CaptureError", std::string("installing the filter: ") + pcap_geterr(handle_.get()));
  }

  // The classic filter on the socket; empty where there is none. socket(7): lengths are in instructions.
  std::vector<sock_filter> KernelFilter() const {
    const int fd = pcap_fileno(handle_.get());
    socklen_t instructions = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &instructions) != 0) return {};
    std::vector<sock_filter> filter(instructions);
    if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, filter.data(), &instructions) != 0) return {};
    return filter;
  }

  void AttachFilter(std::vector<sock_filter>& filter) const {
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    if (setsockopt(pcap_fileno(handle_.get()), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
      throw Failure("CaptureError", "installing the filter: " + ErrorText(errno));
    }
  }

  PcapHandle handle_;
  const std::string name_;
  const int index_;
  FileHeader header_{};
  std::string link_type_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::unique_ptr<PacketSource> OpenPcapSource(const SourceOptions& options) {
  return std::make_unique<PcapSource>(options);
}

}  // namespace pcapper
