#include "common/base/text.h"

#include <gtest/gtest.h>

namespace catena::base {
namespace {

TEST(NearMiss, FindsTheKeyThatWasMeant) {
  const std::vector<std::string_view> keys{"ipMasq", "mtu", "ranges", "stateDir", "gateway"};
  const struct {
    std::string_view word;
    std::string_view meant;
  } cases[] = {
      {"ipmasq", "ipMasq"},    {"ipMask", "ipMasq"},  {"MTU", "mtu"},
      {"mtuu", "mtu"},         {"mt", "mtu"},         {"xyu", ""},
      {"range", "ranges"},     {"rnages", "ranges"},  {"statedirs", "stateDir"},
      {"gatway", "gateway"},   {"somethingElse", ""}, {"", ""},
      {"gateways", "gateway"},
  };
  for (const auto& [word, meant] : cases) {
    EXPECT_EQ(near_miss(word, keys), meant) << word;
  }
}

TEST(NearMiss, AKeyOfManyBytesMeansNothing) {
  EXPECT_EQ(near_miss(std::string(65, 'a'), {std::string_view("a")}), "");
  EXPECT_EQ(near_miss("mtu", {}), "");
}

TEST(EqualIgnoringCase, AsciiLettersOnly) {
  EXPECT_TRUE(equal_ignoring_case("IngressRate", "ingressrate"));
  EXPECT_FALSE(equal_ignoring_case("ingressRate", "ingressRates"));
  EXPECT_FALSE(equal_ignoring_case("\xc3\x84", "\xc3\xa4"));
}

TEST(Split, EmptyPiecesAreKept) {
  using Pieces = std::vector<std::string_view>;
  EXPECT_EQ(split("a;b", ';'), (Pieces{"a", "b"}));
  EXPECT_EQ(split(";a;;", ';'), (Pieces{"", "a", "", ""}));
  EXPECT_EQ(split("", ';'), (Pieces{""}));
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({"", "b", ""}, ","), ",b,");
}

TEST(Trim, TakesSpaceAndLineEndsFromTheEndsAlone) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

}  // namespace
}  // namespace catena::base
