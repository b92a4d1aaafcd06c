#include "common/cni/error_codes.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::cni {
namespace {

using base::Error;
using base::ErrorKind;
using nlohmann::json;

TEST(ErrorCodes, EveryKindHasTheCodeOfTheSpec) {
  const struct {
    ErrorKind kind;
    int code;
  } cases[] = {
      {ErrorKind::kIncompatible, 1},  {ErrorKind::kBadEnvironment, 4}, {ErrorKind::kIo, 5},
      {ErrorKind::kUndecodable, 6},   {ErrorKind::kBadConfig, 7},      {ErrorKind::kBadNetns, 8},
      {ErrorKind::kTryAgain, 11},     {ErrorKind::kNotAvailable, 50},  {ErrorKind::kDiffers, 100},
      {ErrorKind::kUnsupported, 101}, {ErrorKind::kInternal, 999},     {ErrorKind::kNotFound, 999},
      {ErrorKind::kExists, 999},
  };
  for (const auto& [kind, code] : cases) {
    EXPECT_EQ(code_of(kind), code);
  }
}

TEST(ErrorJson, HoldsVersionCodeMessageAndAdvice) {
  const std::string text = error_json(
      Error(ErrorKind::kTryAgain, "no address left").advice("add a range"), Version::k1_0_0);
  EXPECT_EQ(json::parse(text), (json{{"cniVersion", "1.0.0"},
                                     {"code", 11},
                                     {"msg", "no address left"},
                                     {"details", "add a range"}}));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(ErrorJson, WithoutAdviceHasNoDetails) {
  EXPECT_FALSE(json::parse(error_json(Error(ErrorKind::kInternal, "x"), Version::k1_1_0))
                   .contains("details"));
}

TEST(ErrorJson, StaysJsonWhateverTheMessageHolds) {
  const std::string text =
      error_json(Error(ErrorKind::kBadEnvironment, "CNI_IFNAME '\xff\x01\"\n'"), Version::k1_1_0);
  EXPECT_EQ(json::parse(text)["msg"], "CNI_IFNAME '\xef\xbf\xbd\x01\"\n'");
}

}  // namespace
}  // namespace catena::cni
