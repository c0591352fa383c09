#include <net/if.h>

#include <vector>

#include "binding/background.h"
#include "binding/exports.h"
#include "binding/objects.h"
#include "binding/options.h"
#include "engine/network_namespace.h"
#include "engine/open_interface.h"

namespace pcapper {

Napi::Value InterfaceIndex(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString();
  return Napi::Number::New(info.Env(), if_nametoindex(name.c_str()));
}

Napi::Value InterfacesInLater(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString();
  return Background<std::vector<NamespaceInterface>>::Run(
      info.Env(), [path] { return InterfacesIn(path); },
      [](Napi::Env env, const std::vector<NamespaceInterface>& interfaces) -> Napi::Value {
        Napi::Array array = Napi::Array::New(env);
        for (const NamespaceInterface& interface : interfaces) {
          array.Set(array.Length(), ToObject(env, interface));
        }
        return array;
      });
}

Napi::Value TryOpenLater(const Napi::CallbackInfo& info) {
  const Options options(info[0]);
  SourceOptions source{.network_namespace = options.Text("networkNamespace"),
                       .network_namespace_id = {},
                       .interface_name = options.Text("interfaceName"),
                       .interface_index = 0,
                       .loopback = false,
                       .filter = options.Text("filter"),
                       .snap_length = options.SmallCount("snapLength"),
                       .promiscuous = options.Flag("promiscuous"),
                       .ring_bytes = 1 << 20};
  return Background<OpenedInterface>::Run(
      info.Env(), [source] { return ProbeInterface(source); },
      [](Napi::Env env, const OpenedInterface& interface) -> Napi::Value {
        return ToObject(env, interface);
      });
}

}  // namespace pcapper
