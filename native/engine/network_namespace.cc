#include "engine/network_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <thread>

#include "engine/background_thread.h"
#include "engine/failure.h"
#include "engine/unique_fd.h"

namespace pcapper {
namespace {

std::string IdOf(const UniqueFd& fd) {
  struct stat found {};
  if (fstat(fd.get(), &found) != 0) return {};
  return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
}

// O_NONBLOCK: whatever lies there instead of a namespace, opening it must not hang.
UniqueFd OpenNamespace(const std::string& path, const std::string& id) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd)
    throw Failure("PodNetworkNotFound", "opening the network namespace " + path + ": " + ErrorText(errno));
  if (ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    throw Failure("PodNetworkNotFound", path + " is not a network namespace");
  }
  // Of what is open, not of the name: that may change at any moment.
  if (!id.empty() && IdOf(fd) != id) {
    throw Failure("PodNetworkNotFound",
                  path + " is another network namespace than the one that was looked at");
  }
  return fd;
}

void Enter(const UniqueFd& network_namespace, const std::string& path) {
  if (setns(network_namespace.get(), CLONE_NEWNET) == 0) return;
  const std::string text = "entering the network namespace " + path + ": " + ErrorText(errno);
  if (errno == EPERM) throw Failure("PermissionDenied", text);
  throw Failure("PodNetworkNotFound", text);
}

std::string AddressText(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text, sizeof text);
  }
  return text;
}

// getifaddrs(3) asks rtnetlink: one entry for each interface, and one for each of its addresses.
std::vector<NamespaceInterface> InterfacesHere() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) throw Failure("CaptureError", "listing interfaces: " + ErrorText(errno));
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(list, freeifaddrs);
  std::vector<NamespaceInterface> interfaces;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const std::string name = entry->ifa_name;
    auto found = std::find_if(interfaces.begin(), interfaces.end(),
                              [&](const NamespaceInterface& known) { return known.name == name; });
    if (found == interfaces.end()) {
      const int index = static_cast<int>(if_nametoindex(name.c_str()));
      found = interfaces.insert(found, {.name = name,
                                        .index = index,
                                        .up = (entry->ifa_flags & IFF_UP) != 0,
                                        .loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0,
                                        .addresses = {}});
    }
    const std::string address = AddressText(entry->ifa_addr);
    if (!address.empty()) found->addresses.push_back(address);
  }
  return interfaces;
}

}  // namespace

void InNetworkNamespace(const std::string& path, const std::string& id, const std::function<void()>& work) {
  if (path.empty()) return work();
  const UniqueFd network_namespace = OpenNamespace(path, id);
  std::exception_ptr failure;
  std::thread visitor = StartBackgroundThread("pcapper-visitor", [&] {
    try {
      Enter(network_namespace, path);
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  visitor.join();
  if (failure) std::rethrow_exception(failure);
}

std::vector<NamespaceInterface> InterfacesIn(const std::string& path) {
  std::vector<NamespaceInterface> interfaces;
  InNetworkNamespace(path, {}, [&] { interfaces = InterfacesHere(); });
  return interfaces;
}

}  // namespace pcapper
