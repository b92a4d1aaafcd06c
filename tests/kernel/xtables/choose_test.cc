// Which back end a host gets.
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/xtables/scene.h"
#include "tests/support/paths.h"

namespace catena::xtables::test {
namespace {

using firewall::Backend;
using testing::HasSubstr;

class Choosing : public testing::Test {
 protected:
  base::Result<Backend> choose(Backend wanted, const std::string& directory) const {
    std::optional<base::Result<Backend>> chosen;
    netns.run([&] { chosen = firewall::choose(wanted, {directory}); });
    return *std::move(chosen);
  }

  OwnLock lock;
  catena::test::ScratchNetNs netns;
};

TEST_F(Choosing, AutoIsNftablesWhereTheKernelHasIt) {
  const auto chosen = choose(Backend::kAuto, "/nowhere");
  ASSERT_OK(chosen);
  EXPECT_EQ(*chosen, Backend::kNftables);
}

TEST_F(Choosing, WhatIsWantedIsHadWhereItCanBe) {
  for (const Backend wanted : {Backend::kNftables, Backend::kIptables}) {
    const auto chosen = choose(wanted, catena::test::bin_dir());
    ASSERT_OK(chosen);
    EXPECT_EQ(*chosen, wanted);
  }
}

TEST_F(Choosing, IptablesIsRefusedOnAHostOfIptablesNft) {
  netns.sh("iptables-nft -A INPUT -j ACCEPT");
  const auto chosen = choose(Backend::kIptables, catena::test::bin_dir());
  ASSERT_FALSE(chosen.ok());
  EXPECT_TRUE(chosen.error().is(base::ErrorKind::kUnsupported));
  EXPECT_THAT(chosen.error().text(), HasSubstr("the back end iptables can't be had"));
  EXPECT_THAT(chosen.error().text(), HasSubstr("use the back end nftables"));
}

TEST(Backends, AreKnownByTheirWords) {
  for (const Backend backend : {Backend::kAuto, Backend::kNftables, Backend::kIptables}) {
    EXPECT_EQ(firewall::backend_of(firewall::name_of(backend)), backend);
  }
  EXPECT_EQ(firewall::backend_of("ebpf"), std::nullopt);
}

TEST(Backends, AProgramThatIsMissingIsNamedWithWhereItWasLookedFor) {
  const auto found = firewall::Xtables::find({"/nowhere"});
  if (!found.ok()) {
    EXPECT_THAT(found.error().text(), HasSubstr("catena-xtables in /nowhere, /opt/cni/bin"));
  }
}

}  // namespace
}  // namespace catena::xtables::test
