#include "common/cni/wanted.h"

#include <gtest/gtest.h>

namespace catena::cni {
namespace {

const base::Prefix kByRuntime = base::Prefix::parse("10.0.0.1/24").value();
const base::Prefix kByNetwork = base::Prefix::parse("10.0.0.2/24").value();
const base::IpAddress kByArgs = base::IpAddress::parse("10.0.0.3").value();

Request request() { return {{}, {}, nullptr}; }

TEST(WantedIps, RuntimeBeforeNetworkBeforeCniArgs) {
  Request wish = request();
  EXPECT_TRUE(wanted_ips(wish).empty());
  wish.args.ip = kByArgs;
  EXPECT_EQ(wanted_ips(wish), std::vector{base::Prefix::host(kByArgs)});
  wish.config.args.ips = {kByNetwork};
  EXPECT_EQ(wanted_ips(wish), std::vector{kByNetwork});
  wish.config.runtime.ips = {kByRuntime};
  EXPECT_EQ(wanted_ips(wish), std::vector{kByRuntime});
}

TEST(WantedMac, RuntimeBeforeNetworkBeforeCniArgs) {
  Request wish = request();
  EXPECT_FALSE(wanted_mac(wish).has_value());
  wish.args.mac = base::Mac::local_from(3);
  EXPECT_EQ(wanted_mac(wish), base::Mac::local_from(3));
  wish.config.args.mac = base::Mac::local_from(2);
  EXPECT_EQ(wanted_mac(wish), base::Mac::local_from(2));
  wish.config.runtime.mac = base::Mac::local_from(1);
  EXPECT_EQ(wanted_mac(wish), base::Mac::local_from(1));
}

TEST(ArgsCni, IsReadFromTheConfiguration) {
  const base::Result<NetworkConfig> config = read_config(
      R"({"cniVersion": "1.1.0", "name": "n", "args": {"cni": {
          "ips": ["10.0.0.2/24", "10.0.0.9"], "mac": "02:00:00:00:00:09",
          "labels": [{"key": "a", "value": "b"}]}, "other": 1}})",
      Command::kAdd, nullptr);
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->args.ips.size(), 2U);
  EXPECT_EQ(config->args.mac->to_string(), "02:00:00:00:00:09");
}

}  // namespace
}  // namespace catena::cni
