// What annotations ask for.
#include "common/podwish/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::podwish {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Annotations one(std::string_view name, std::string value) {
  return {{std::string(name), std::move(value)}};
}

TEST(EniAnnotation, AsksWithAnyValueButEmptyFalseAndZero) {
  for (const char* value : {"true", "yes", "1", "True", "False", "no"}) {
    EXPECT_TRUE(asks_for_eni(one(kEni, value))) << value;
  }
  for (const char* value : {"", "false", "0"}) {
    EXPECT_FALSE(asks_for_eni(one(kEni, value))) << value;
  }
  EXPECT_FALSE(asks_for_eni({}));
  EXPECT_FALSE(asks_for_eni(one("k8s.aliyun.com/eni-alloc-from-pool", "true")));
}

TEST(BandwidthAnnotations, LimitEachDirectionByItself) {
  const auto limits = bandwidth_of({{std::string(kIngressBandwidth), "10M"},
                                    {"app.kubernetes.io/name", "web"},
                                    {std::string(kEgressBytes), "1m"}});
  ASSERT_TRUE(limits.ok()) << limits.error().text();
  EXPECT_EQ(*limits, (Bandwidth{.ingress = 10'000'000, .egress = 8'388'608}));
  EXPECT_EQ(*bandwidth_of({}), Bandwidth());
}

TEST(BandwidthAnnotations, ThoseOfKubernetesWin) {
  const Annotations both{{std::string(kIngressBytes), "1M"},
                         {std::string(kEgressBytes), "2M"},
                         {std::string(kIngressBandwidth), "5M"}};
  EXPECT_EQ(*bandwidth_of(both), (Bandwidth{.ingress = 5'000'000, .egress = 16'777'216}));
  // One that does not count is not judged either.
  EXPECT_EQ(*bandwidth_of(
                {{std::string(kIngressBytes), "nonsense"}, {std::string(kIngressBandwidth), "5M"}}),
            (Bandwidth{.ingress = 5'000'000}));
}

TEST(BandwidthAnnotations, TheBoundsAreKubelets) {
  EXPECT_EQ(bandwidth_of(one(kEgressBandwidth, "1k"))->egress, 1'000U);
  EXPECT_EQ(bandwidth_of(one(kEgressBandwidth, "1P"))->egress, 1'000'000'000'000'000U);
  EXPECT_EQ(bandwidth_of(one(kEgressBytes, "125"))->egress, 1'000U);
  EXPECT_EQ(bandwidth_of(one(kEgressBytes, "113T"))->egress, 113ULL << 43U);
  for (const char* value :
       {"999", "1001P", "0", "-1", "-10M", "", "fast", "99999999999999999999E", "0.5"}) {
    EXPECT_FALSE(bandwidth_of(one(kEgressBandwidth, value)).ok()) << value;
  }
  for (const char* value : {"124", "0", "0M", "-1M", "", "114T"}) {
    EXPECT_FALSE(bandwidth_of(one(kEgressBytes, value)).ok()) << value;
  }
}

TEST(BandwidthAnnotations, AnErrorNamesAnnotationValueAndWhatWasExpected) {
  const auto bits = bandwidth_of(one(kIngressBandwidth, "10MB"));
  ASSERT_FALSE(bits.ok());
  EXPECT_EQ(bits.error().kind(), base::ErrorKind::kBadConfig);
  EXPECT_THAT(bits.error().text(),
              AllOf(HasSubstr("kubernetes.io/ingress-bandwidth"), HasSubstr("'10MB'"),
                    HasSubstr("bits per second from 1k to 1P")));
  const auto bytes = bandwidth_of(one(kEgressBytes, "10Mbit"));
  ASSERT_FALSE(bytes.ok());
  EXPECT_THAT(bytes.error().text(), AllOf(HasSubstr("k8s.aliyun.com/egress-bandwidth"),
                                          HasSubstr("'10Mbit'"), HasSubstr("bytes per second")));
}

TEST(BandwidthAnnotations, ALongValueIsNotRepeatedWhole) {
  const auto limits = bandwidth_of(one(kIngressBandwidth, std::string(100'000, '9') + "!"));
  ASSERT_FALSE(limits.ok());
  EXPECT_LT(limits.error().text().size(), 300U);
}

}  // namespace
}  // namespace catena::podwish
