#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pcapper {

// Runs `work` on a thread of its own inside the network namespace that `path` names (a mount of it, as in
// /run/netns), and waits. Sockets stay where they were opened; the thread ends there, so nothing has to
// find its way back. An empty path is this process's own namespace. Needs CAP_SYS_ADMIN (setns(2)).
// `id` is `DEV:INO` of the namespace, as stat(2) has them: another one that has taken its name meanwhile is
// not entered. Empty = whichever it is.
// Throws Failure PodNetworkNotFound, PermissionDenied, and what `work` throws.
void InNetworkNamespace(const std::string& path, const std::string& id, const std::function<void()>& work);

// One interface of a network namespace.
struct NamespaceInterface {
  std::string name;
  int index = 0;
  bool up = false;
  bool loopback = false;
  std::vector<std::string> addresses;  // IPv4 and IPv6, as inet_ntop(3) writes them
};

// All interfaces of the namespace and their addresses. Throws as InNetworkNamespace does.
std::vector<NamespaceInterface> InterfacesIn(const std::string& path);

}  // namespace pcapper
