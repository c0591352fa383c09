#include "engine/json.h"

#include <cstdio>

namespace pcapper {
namespace {

bool IsBetween(unsigned char byte, unsigned low, unsigned high) { return byte >= low && byte <= high; }

// Bytes of the well-formed UTF-8 sequence beyond ASCII that `text` starts with (Unicode 15, table 3-7);
// 0 if there is none: overlong, a surrogate, beyond U+10FFFF, cut, or ASCII.
size_t Utf8Bytes(std::string_view text) {
  const auto byte = [&](size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(0);
  };
  const unsigned char first = byte(0);
  size_t bytes = 0;
  if (IsBetween(first, 0xc2, 0xdf)) bytes = 2;
  if (IsBetween(first, 0xe0, 0xef)) bytes = 3;
  if (IsBetween(first, 0xf0, 0xf4)) bytes = 4;
  if (bytes == 0) return 0;
  const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (!IsBetween(byte(1), low, high)) return 0;
  for (size_t at = 2; at < bytes; at++) {
    if (!IsBetween(byte(at), 0x80, 0xbf)) return 0;
  }
  return bytes;
}

}  // namespace

std::string JsonString(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t bytes = Utf8Bytes(text);
    if (bytes > 0) {
      quoted += text.substr(0, bytes);
      text.remove_prefix(bytes);
      continue;
    }
    const char c = text.front();
    text.remove_prefix(1);
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", byte);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

}  // namespace pcapper
