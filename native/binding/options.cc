#include "binding/options.h"

namespace pcapper {

Options::Options(const Napi::Value& value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "options must be an object");
  object_ = value.As<Napi::Object>();
}

std::string Options::Text(const char* name) const {
  return Get(name, &Napi::Value::IsString, "a string").ToString();
}

bool Options::Flag(const char* name) const {
  return Get(name, &Napi::Value::IsBoolean, "a boolean").ToBoolean();
}

double Options::Number(const char* name) const {
  return Get(name, &Napi::Value::IsNumber, "a number").ToNumber().DoubleValue();
}

uint64_t Options::Count(const char* name) const { return CountUpTo(9007199254740991.0, "2^53 - 1", name); }

uint32_t Options::SmallCount(const char* name) const {
  return static_cast<uint32_t>(CountUpTo(4294967295.0, "2^32 - 1", name));
}

uint64_t Options::CountUpTo(double most, const char* in_words, const char* name) const {
  const double number = Number(name);
  if (number >= 0 && number <= most) return static_cast<uint64_t>(number);
  const std::string found = object_.Get(name).ToString();
  throw Napi::RangeError::New(
      object_.Env(), std::string(name) + " must be a whole number from 0 to " + in_words + ", not " + found);
}

Napi::Value Options::Get(const char* name, bool (Napi::Value::*is)() const, const char* expected) const {
  const Napi::Value value = object_.Get(name);
  if (!(value.*is)()) {
    throw Napi::TypeError::New(object_.Env(), std::string(name) + " must be " + expected);
  }
  return value;
}

}  // namespace pcapper
