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

uint64_t Options::Count(const char* name) const {
  const double number = Number(name);
  if (!(number >= 0 && number <= 9007199254740991.0)) {
    throw Napi::RangeError::New(object_.Env(),
                                std::string(name) + " must be a whole number from 0 to 2^53 - 1");
  }
  return static_cast<uint64_t>(number);
}

Napi::Value Options::Get(const char* name, bool (Napi::Value::*is)() const, const char* expected) const {
  const Napi::Value value = object_.Get(name);
  if (!(value.*is)()) {
    throw Napi::TypeError::New(object_.Env(), std::string(name) + " must be " + expected);
  }
  return value;
}

}  // namespace pcapper
