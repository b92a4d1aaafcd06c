#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/cni/config.h"
#include "tests/unit/cni/call.h"

namespace catena::cni {
namespace {

using nlohmann::json;

base::Result<NetworkConfig> read(const std::string& runtime) {
  json config = test::config_of("1.1.0");
  config["runtimeConfig"] = json::parse(runtime);
  return read_config(config.dump(), Command::kAdd, nullptr);
}

std::vector<std::string> texts_of(const std::vector<base::Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const base::Prefix& prefix : prefixes) {
    texts.push_back(prefix.to_string());
  }
  return texts;
}

TEST(RuntimeConfig, WhatContainerdSends) {
  const base::Result<NetworkConfig> config = read(R"({
    "bandwidth": {"IngressRate": 10000000, "IngressBurst": 4294967295,
                  "EgressRate": 7812500, "EgressBurst": 4294967295},
    "dns": {"Servers": ["10.96.0.10"]},
    "io.kubernetes.cri.pod-annotations": {"kubernetes.io/ingress-bandwidth": "10M", "foo": "bar"},
    "portMappings": [{"HostPort": 8081, "ContainerPort": 80, "Protocol": "tcp", "HostIP": ""}]})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  ASSERT_TRUE(config->runtime.bandwidth.has_value());
  EXPECT_EQ(config->runtime.bandwidth->ingress_rate, 10'000'000U);
  EXPECT_EQ(config->runtime.bandwidth->ingress_burst, 4'294'967'295U);
  EXPECT_EQ(config->runtime.bandwidth->egress_rate, 7'812'500U);
  EXPECT_EQ(config->runtime.bandwidth->egress_burst, 4'294'967'295U);
  EXPECT_TRUE(config->runtime.has_pod_annotations);
  using Map = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(config->runtime.pod_annotations,
            (Map{{"foo", "bar"}, {"kubernetes.io/ingress-bandwidth", "10M"}}));
}

TEST(RuntimeConfig, KeysInAnyCase) {
  const base::Result<NetworkConfig> config = read(R"({
    "IPs": ["10.1.2.3/24"], "MAC": "C2:11:22:33:44:55", "BandWidth": {"ingressrate": 1000.0},
    "IO.Kubernetes.CRI.Pod-Annotations": {"A": "b"}})");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(texts_of(config->runtime.ips), std::vector<std::string>{"10.1.2.3/24"});
  EXPECT_EQ(config->runtime.mac->to_string(), "c2:11:22:33:44:55");
  EXPECT_EQ(config->runtime.bandwidth->ingress_rate, 1000U);
  EXPECT_EQ(config->runtime.pod_annotations.size(), 1U);
}

TEST(RuntimeConfig, AddressesWithAndWithoutAPrefixLength) {
  EXPECT_EQ(
      texts_of(
          read(R"({"ips": ["10.1.2.3/24", "10.1.2.4", "fd00::5", "fd00::6/64"]})")->runtime.ips),
      (std::vector<std::string>{"10.1.2.3/24", "10.1.2.4/32", "fd00::5/128", "fd00::6/64"}));
  EXPECT_TRUE(read(R"({"ips": []})")->runtime.ips.empty());
  EXPECT_TRUE(read(R"({"ips": null})")->runtime.ips.empty());
}

TEST(RuntimeConfig, AnnotationsThatWereSentAreToldFromNoneSent) {
  EXPECT_FALSE(read("{}")->runtime.has_pod_annotations);
  EXPECT_FALSE(read("null")->runtime.has_pod_annotations);
  EXPECT_TRUE(read(R"({"io.kubernetes.cri.pod-annotations": {}})")->runtime.has_pod_annotations);
  EXPECT_TRUE(read(R"({"io.kubernetes.cri.pod-annotations": null})")->runtime.has_pod_annotations);
}

TEST(RuntimeConfig, OtherCapabilitiesAreLeftAlone) {
  EXPECT_TRUE(read(R"({"cgroupPath": 1, "aliases": {"x": []}, "deviceID": null})").ok());
  EXPECT_FALSE(read(R"({"cgroupPath": 1})")->runtime.bandwidth.has_value());
}

TEST(RuntimeConfig, WhatIsWrongIsNamedByItsPath) {
  const std::string whole = "expected a whole number from 0 to 9223372036854775807, got ";
  const struct {
    const char* runtime;
    std::string said;
  } cases[] = {
      {R"({"ips": "10.1.2.3"})", "runtimeConfig.ips: expected a list, got \"10.1.2.3\""},
      {R"({"ips": ["10.1.2.3", "10.1.2"]})",
       "runtimeConfig.ips[1]: expected an address like \"10.1.2.3/24\" or \"10.1.2.3\", got "
       "\"10.1.2\""},
      {R"({"ips": [1]})", "runtimeConfig.ips[0]: expected a string, got 1"},
      {R"({"mac": "x"})",
       "runtimeConfig.mac: expected a MAC address like \"00:16:3e:02:38:05\", got \"x\""},
      {R"({"mac": "01:00:5e:00:00:01"})",
       "runtimeConfig.mac: expected a unicast MAC address, got \"01:00:5e:00:00:01\""},
      {R"({"mac": "00:00:00:00:00:00"})",
       "runtimeConfig.mac: expected a unicast MAC address, got \"00:00:00:00:00:00\""},
      {R"({"bandwidth": []})", "runtimeConfig.bandwidth: expected an object, got an empty list"},
      {R"({"bandwidth": {"IngressRate": -1}})",
       "runtimeConfig.bandwidth.ingressRate: " + whole + "-1"},
      {R"({"bandwidth": {"egressRate": 1.5}})",
       "runtimeConfig.bandwidth.egressRate: " + whole + "1.5"},
      {R"({"bandwidth": {"egressBurst": 1e21}})",
       "runtimeConfig.bandwidth.egressBurst: " + whole + "1e+21"},
      {R"({"io.kubernetes.cri.pod-annotations": {"a": 1}})",
       "runtimeConfig.io.kubernetes.cri.pod-annotations.a: expected a string, got 1"},
  };
  for (const auto& [runtime, said] : cases) {
    const base::Result<NetworkConfig> config = read(runtime);
    ASSERT_FALSE(config.ok()) << runtime;
    EXPECT_TRUE(config.error().is(base::ErrorKind::kBadConfig));
    EXPECT_EQ(config.error().message(), said);
  }
}

}  // namespace
}  // namespace catena::cni
