#include <doctest/doctest.h>

#include "engine/byte_size.h"
#include "engine/clock.h"
#include "engine/failure.h"
#include "engine/json.h"
#include "engine/manifest.h"
#include "engine/write_rate.h"
#include "test/support/json_check.h"

namespace pcapper {

using test::IsJson;

TEST_CASE("a time is written as RFC 3339 with nine decimals") {
  CHECK(FormatTime(0).empty());
  CHECK(FormatTime(1) == "1970-01-01T00:00:00.000000001Z");
  CHECK(FormatTime(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123456789Z");
  CHECK(FormatTime(4'294'967'295'999'999'999) == "2106-02-07T06:28:15.999999999Z");
}

TEST_CASE("a size is written for people, in the words that JavaScript has for it") {
  CHECK(ByteSizeText(0) == "0 bytes");
  CHECK(ByteSizeText(1) == "1 byte");
  CHECK(ByteSizeText(999) == "999 bytes");
  CHECK(ByteSizeText(1000) == "1 kB");
  CHECK(ByteSizeText(41'943'040) == "41.9 MB");
  CHECK(ByteSizeText(123'456'789) == "123.5 MB");
  CHECK(ByteSizeText(999'994'000) == "1000 MB");
  CHECK(ByteSizeText(999'995'000) == "1 GB");
  CHECK(ByteSizeText(19'999'999'999) == "20 GB");
}

TEST_CASE("a gap is added behind those before it") {
  const std::string one = WithGap("[]", "2023-11-14T22:13:20.123Z", 1'700'000'001'000'000'000);
  CHECK(one == R"([{"from":"2023-11-14T22:13:20.123Z","to":"2023-11-14T22:13:21.000000000Z"}])");
  const std::string two = WithGap(one, "a", 1'700'000'002'000'000'000);
  CHECK(two == one.substr(0, one.size() - 1) + R"(,{"from":"a","to":"2023-11-14T22:13:22.000000000Z"}])");
  CHECK(IsJson(two));
}

TEST_CASE("a wait is rounded up, and never too long for poll") {
  CHECK(PollMilliseconds(-1) == 0);
  CHECK(PollMilliseconds(0) == 0);
  CHECK(PollMilliseconds(1) == 1);
  CHECK(PollMilliseconds(kNanosecondsPerMillisecond) == 1);
  CHECK(PollMilliseconds(kNanosecondsPerMillisecond + 1) == 2);
  // A buffer of 4 MiB at 1 byte a second.
  CHECK(PollMilliseconds((4ll << 20) * kNanosecondsPerSecond) == 3'600'000);
  CHECK(PollMilliseconds(INT64_MAX) == 3'600'000);
}

TEST_CASE("UTF-8 stays as it is in JSON, and only bytes that are none are escaped") {
  for (const char* good : {"é", "\u20ac", "Übung", "日本語", "\xf0\x9f\xa6\x88", "\xf4\x8f\xbf\xbf"}) {
    CHECK(JsonString(good) == "\"" + std::string(good) + "\"");
  }
  CHECK(JsonString("\xe9t\xc3\xa9") == "\"\\u00e9t\xc3\xa9\"");
  // Overlong, a surrogate, beyond U+10FFFF, cut, a byte that only continues.
  CHECK(JsonString("\xc0\xaf") == R"("\u00c0\u00af")");
  CHECK(JsonString("\xe0\x9f\xbf") == R"("\u00e0\u009f\u00bf")");
  CHECK(JsonString("\xed\xa0\x80") == R"("\u00ed\u00a0\u0080")");
  CHECK(JsonString("\xf4\x90\x80\x80") == R"("\u00f4\u0090\u0080\u0080")");
  CHECK(JsonString("\xe2\x82") == R"("\u00e2\u0082")");
  CHECK(JsonString("\x80") == R"("\u0080")");
}

TEST_CASE("any byte in a name makes valid JSON") {
  CHECK(JsonString("eth0") == "\"eth0\"");
  CHECK(JsonString("a\"b\\c") == R"("a\"b\\c")");
  CHECK(JsonString(std::string_view("\0\n\x7f\xff", 4)) == R"("\u0000\u000a\u007f\u00ff")");
  for (int byte = 0; byte < 256; byte++) CHECK(IsJson(JsonString(std::string(1, static_cast<char>(byte)))));
}

TEST_CASE("the JSON check of these tests refuses what is no JSON") {
  for (const char* good : {"{}", "[]", "[1,2]", R"({"a":{"b":[true,null,"\u00ff"]}})", "-1.5e3", " 1 "}) {
    CHECK_MESSAGE(IsJson(good), good);
  }
  for (const char* bad :
       {"", "{", "[1,]", "{\"a\":1,}", "{a:1}", "\"", "{} {}", "{\"a\":1", R"("\x")", "nul"}) {
    CHECK_MESSAGE(!IsJson(bad), bad);
  }
}

TEST_CASE("without a write rate nothing waits") {
  WriteRate rate(0);
  rate.Wrote(UINT64_MAX, 1);
  CHECK(rate.Delay(2) == 0);
}

TEST_CASE("a write rate spreads writes, with a second of credit after silence") {
  constexpr int64_t kNow = 1'000 * kNanosecondsPerSecond;
  WriteRate rate(1'000'000);
  CHECK(rate.Delay(kNow) == 0);
  rate.Wrote(1'000'000, kNow);  // the credit
  CHECK(rate.Delay(kNow) == 0);
  rate.Wrote(500'000, kNow);
  CHECK(rate.Delay(kNow) == kNanosecondsPerSecond / 2);
  CHECK(rate.Delay(kNow + kNanosecondsPerSecond / 4) == kNanosecondsPerSecond / 4);
  CHECK(rate.Delay(kNow + kNanosecondsPerSecond) == 0);
  SUBCASE("an hour of silence saves no more than a second") {
    const int64_t later = kNow + 3600 * kNanosecondsPerSecond;
    rate.Wrote(3'000'000, later);
    CHECK(rate.Delay(later) == 2 * kNanosecondsPerSecond);
  }
  SUBCASE("over a long time the rate is met") {
    int64_t now = kNow + 10 * kNanosecondsPerSecond;
    const int64_t start = now;
    for (int write = 0; write < 1000; write++) {
      now += rate.Delay(now);
      rate.Wrote(123'456, now);
    }
    const double seconds = static_cast<double>(now - start) / static_cast<double>(kNanosecondsPerSecond);
    CHECK(seconds == doctest::Approx(123.456).epsilon(0.02));
  }
}

TEST_CASE("a full disk and an empty quota are DiskFull, all else is WriteError") {
  CHECK(DiskFailure(ENOSPC, "x").reason() == "DiskFull");
  CHECK(DiskFailure(EDQUOT, "x").reason() == "DiskFull");
  CHECK(DiskFailure(EIO, "x").reason() == "WriteError");
  CHECK(std::string(DiskFailure(EIO, "writing a.part").what()) == "writing a.part: Input/output error");
}

}  // namespace pcapper
