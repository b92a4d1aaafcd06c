#include "common/firewall/attributes.h"

#include <gtest/gtest.h>

namespace catena::firewall {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): literals with NUL

// The tests state little-endian headers: nlattr is in the machine's order.

TEST(Attributes, NumbersAreInNetworkOrder) {
  Attributes attributes;
  attributes.number(5, 0x01020304);
  EXPECT_EQ(attributes.data(), "\x08\x00\x05\x00\x01\x02\x03\x04"s);
}

TEST(Attributes, TextEndsInNulAndIsPadded) {
  Attributes attributes;
  attributes.text(1, "abcd");
  EXPECT_EQ(attributes.data(), "\x09\x00\x01\x00"s + "abcd\0\0\0\0"s);
}

TEST(Attributes, BytesAreTakenAsTheyAre) {
  Attributes attributes;
  attributes.bytes(2, "\0\1\2"s);
  EXPECT_EQ(attributes.data(), "\x07\x00\x02\x00\0\1\2\0"s);
}

TEST(Attributes, NestsCoverWhatIsInThemPaddingIncluded) {
  Attributes attributes;
  attributes.nest(3, [](Attributes& outer) {
    outer.text(1, "a");
    outer.nest(4, [](Attributes& inner) { inner.number(1, 1); });
  });
  EXPECT_EQ(attributes.data(), "\x18\x00\x03\x80"s + "\x06\x00\x01\x00"s + "a\0\0\0"s +
                                   "\x0c\x00\x04\x80"s + "\x08\x00\x01\x00\0\0\0\x01"s);
}

TEST(Attributes, ANestMayBeBuiltBeforehand) {
  Attributes inner;
  inner.number(1, 7);
  Attributes outer;
  outer.nest(2, inner);
  EXPECT_EQ(outer.data(), "\x0c\x00\x02\x80"s + inner.data());
}

}  // namespace
}  // namespace catena::firewall
