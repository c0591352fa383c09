#include <pcap/pcap.h>

#include "binding/background.h"
#include "binding/exports.h"
#include "engine/filter_check.h"

namespace pcapper {

Napi::Value CompileFilterLater(const Napi::CallbackInfo& info) {
  const std::string expression = info[0].ToString();
  const std::string link_type = info[1].ToString();
  const int snap_length = info[2].ToNumber();
  return Background<size_t>::Run(
      info.Env(), [=] { return CheckFilter(expression, link_type, snap_length); },
      [](Napi::Env env, const size_t& instructions) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("instructions", static_cast<double>(instructions));
        return object;
      });
}

Napi::Value LibpcapVersion(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), pcap_lib_version());
}

}  // namespace pcapper
