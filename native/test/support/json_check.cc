#include "test/support/json_check.h"

#include <cctype>
#include <cstddef>

namespace pcapper::test {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool WholeValue() { return Value() && (Space(), text_.empty()); }

 private:
  void Space() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n' || text_[0] == '\t' || text_[0] == '\r'))
      text_.remove_prefix(1);
  }
  bool Take(std::string_view expected) {
    Space();
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  bool String() {
    if (!Take("\"")) return false;
    for (; !text_.empty(); text_.remove_prefix(1)) {
      if (text_[0] == '"') return Take("\"");
      if (static_cast<unsigned char>(text_[0]) < 0x20) return false;
      if (text_[0] != '\\') continue;
      text_.remove_prefix(1);
      if (text_.empty() || !Escape()) return false;
    }
    return false;
  }
  // The character behind the backslash; a \u leaves its last digit to the loop of String().
  bool Escape() {
    if (text_[0] != 'u') return std::string_view("\"\\/bfnrt").find(text_[0]) != std::string_view::npos;
    for (size_t digit = 1; digit <= 4; digit++) {
      if (digit >= text_.size() || isxdigit(static_cast<unsigned char>(text_[digit])) == 0) return false;
    }
    text_.remove_prefix(4);
    return true;
  }
  bool Number() {
    const size_t digits = text_.find_first_not_of("+-.0123456789eE");
    if (digits == 0 || text_.empty()) return false;
    text_.remove_prefix(digits == std::string_view::npos ? text_.size() : digits);
    return true;
  }
  bool Members(bool named, std::string_view close) {
    if (Take(close)) return true;
    do {
      if (named && !(String() && Take(":"))) return false;
      if (!Value()) return false;
    } while (Take(","));
    return Take(close);
  }
  bool Value() {
    if (Take("{")) return Members(true, "}");
    if (Take("[")) return Members(false, "]");
    if (Take("true") || Take("false") || Take("null")) return true;
    return !text_.empty() && text_[0] == '"' ? String() : Number();
  }
  std::string_view text_;
};

}  // namespace

bool IsJson(std::string_view text) { return Reader(text).WholeValue(); }

}  // namespace pcapper::test
