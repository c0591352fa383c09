#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace pcapper {

// Options are read by name; a missing or mistyped one is a programming error of ours.
class Options {
 public:
  explicit Options(const Napi::Value& value);
  Napi::Env Env() const { return object_.Env(); }
  std::string Text(const char* name) const;
  bool Flag(const char* name) const;
  double Number(const char* name) const;
  uint64_t Count(const char* name) const;
  // A count that the engine keeps in 32 bits.
  uint32_t SmallCount(const char* name) const;
  Napi::Value Value(const char* name) const { return object_.Get(name); }

 private:
  uint64_t CountUpTo(double most, const char* in_words, const char* name) const;
  Napi::Value Get(const char* name, bool (Napi::Value::*is)() const, const char* expected) const;

  Napi::Object object_;
};

}  // namespace pcapper
