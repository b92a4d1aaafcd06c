// Every cniVersion through the real cnitool, and the verbs that came with 1.1.0.
#include <gmock/gmock.h>

#include "tests/chain/chain_node.h"

namespace catena::test {
namespace {

#define NEEDS_REAL_CNITOOL()                                                                \
  if (!has_real_cnitool()) {                                                                \
    GTEST_SKIP() << "the real cnitool could not be built; its stand-in knows no CNI 1.1.0"; \
  }

class Versions : public testing::TestWithParam<const char*> {};

TEST_P(Versions, AddCheckAndDelWork) {
  const std::string version = GetParam();
  if (version == "1.1.0") {
    NEEDS_REAL_CNITOOL();
  }
  const ChainNode node;
  node.install(node.conflist(version));
  const ScratchNetNs pod;
  const json result = node.add("chain", pod);
  EXPECT_EQ(result.at("cniVersion"), version);
  const json& address = result.at("ips").at(0);
  EXPECT_THAT(std::string(address.at("address")), testing::EndsWith("/32"));
  EXPECT_EQ(address.contains("version"), version < "1.0.0") << result;
  EXPECT_EQ(result.at("interfaces").at(1).contains("mtu"), version == "1.1.0") << result;
  EXPECT_TRUE(can_ping(node.node(), address_in(result)));
  if (version >= "0.4.0") {  // the version that brought CHECK
    node.check("chain", pod);
  }
  node.del("chain", pod);
  EXPECT_EQ(node.leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(AllVersions, Versions, testing::Values("0.3.1", "0.4.0", "1.0.0", "1.1.0"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::ranges::replace(name, '.', '_');
                           return "v" + name;
                         });

TEST(Gc, RemovesEveryPodOfTheNetworkAndNoOther) {
  NEEDS_REAL_CNITOOL();
  const ChainNode node;
  node.install(node.conflist("1.1.0"));
  node.install(node.conflist("1.1.0", {{"podCIDRs", {"172.30.2.0/24"}}}, "other"));
  const ScratchNetNs a;
  const ScratchNetNs b;
  const ScratchNetNs kept;
  node.add("chain", a);
  node.add("chain", b);
  const std::string kept_address = address_in(node.add("other", kept));
  const Outcome collected = node.cnitool("gc", "chain", "/unused");
  EXPECT_EQ(collected.exit_status, 0) << collected.err;
  EXPECT_TRUE(can_ping(node.node(), kept_address));
  node.del("other", kept);
  EXPECT_EQ(node.leftovers(), "");
}

TEST(StatusVerb, SaysWhetherAnAddressIsLeft) {
  NEEDS_REAL_CNITOOL();
  const ChainNode node;
  node.install(node.conflist("1.1.0", {{"podCIDRs", {"172.30.1.0/30"}}}));
  EXPECT_EQ(node.cnitool("status", "chain", "/unused").exit_status, 0);
  const ScratchNetNs a;
  const ScratchNetNs b;
  node.add("chain", a);
  EXPECT_EQ(node.cnitool("status", "chain", "/unused").exit_status, 0);
  node.add("chain", b);
  const Outcome full = node.cnitool("status", "chain", "/unused");
  EXPECT_NE(full.exit_status, 0);
  EXPECT_THAT(full.err, testing::HasSubstr("172.30.1.0/30"));
}

}  // namespace
}  // namespace catena::test
