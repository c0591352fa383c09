#include "engine/filter.h"

#include <pcap/pcap.h>

#include "binding/background.h"
#include "binding/exports.h"

namespace pcapper {

Napi::Value CompileFilterLater(const Napi::CallbackInfo& info) {
  const std::string expression = info[0].ToString();
  const std::string link_type = info[1].ToString();
  const int snap_length = info[2].ToNumber();
  return Background<unsigned>::Run(
      info.Env(), [=] { return CompileFilter(expression, link_type, snap_length); },
      [](Napi::Env env, const unsigned& instructions) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("instructions", instructions);
        return object;
      });
}

Napi::Value LibpcapVersion(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), pcap_lib_version());
}

}  // namespace pcapper
