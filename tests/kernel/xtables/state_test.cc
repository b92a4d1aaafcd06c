// What the program makes of tables and sets that it finds, and of a host that is not for it.
#include <array>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/unique_fd.h"
#include "common/netpol/rules_json.h"
#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/xtables/scene.h"
#include "tests/support/must.h"
#include "tests/support/paths.h"
#include "xtables/ipset.h"

namespace catena::xtables::test {
namespace {

using catena::test::must;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class XtablesState : public testing::Test {
 protected:
  void on_ipset(const std::function<void(Ipset&)>& work) const {
    scene.node.netns.run([&work] {
      Ipset ipset = must(Ipset::open());
      work(ipset);
    });
  }

  Scene scene;
  netpol::Rules rules = only_b_to_a(scene);
};

TEST_F(XtablesState, AnEmptyHostCanDoIt) { EXPECT_OK(scene.can_do()); }

TEST_F(XtablesState, WhatIsInPlaceIsLeftAlone) {
  ASSERT_OK(scene.sync(rules));
  EXPECT_THAT(scene.differences(rules), IsEmpty());
  const std::string model = base::print_json(netpol::to_json(rules));
  EXPECT_THAT(run_xtables(scene, {"apply"}, model).out, HasSubstr("{\"changed\":false}"));
}

TEST_F(XtablesState, NoRulesMakeNoTables) {
  ASSERT_OK(scene.sync({}));
  EXPECT_THAT(scene.saved(), Not(HasSubstr("CATENA")));
}

TEST_F(XtablesState, WhatSomebodyChangedIsNamedAndMended) {
  ASSERT_OK(scene.sync(rules));
  const std::string before = scene.saved();
  for (const std::string command : {
           "iptables-legacy -t mangle -F CATENA-INGRESS",
           "iptables-legacy -t mangle -F",
           "ip6tables-legacy -t mangle -D POSTROUTING 1",
           "ip6tables-legacy -t mangle -I CATENA-POSTROUTING -j ACCEPT",
           "iptables-legacy -t mangle -I POSTROUTING -j CATENA-POSTROUTING",
           "iptables-legacy -t mangle -D CATENA-INPUT 1",
           "iptables-legacy -t mangle -F && iptables-legacy -t mangle -X",
           "iptables-legacy -t mangle -N CATENA-IL-0000000000000000",
       }) {
    scene.node.netns.sh(command);
    EXPECT_THAT(scene.differences(rules), Not(IsEmpty())) << command;
    ASSERT_OK(scene.sync(rules)) << command;
    EXPECT_EQ(scene.saved(), before) << command;
    EXPECT_THAT(scene.differences(rules), IsEmpty()) << command;
  }
}

TEST_F(XtablesState, SomebodysRuleInFrontOfOursIsPutBehind) {
  ASSERT_OK(scene.sync(rules));
  scene.node.netns.sh("iptables-legacy -t mangle -I POSTROUTING -j ACCEPT");
  EXPECT_THAT(scene.differences(rules), ElementsAre(HasSubstr("first rule of POSTROUTING")));
  ASSERT_OK(scene.sync(rules));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a}));
}

TEST_F(XtablesState, MembersThatAreMissingOrTooManyAreNamedAndMended) {
  ASSERT_OK(scene.sync(rules));
  const Member stranger{ip("10.1.0.77"), 32, 0, 0};
  on_ipset([&](Ipset& ipset) {
    EXPECT_OK(ipset.add("catena-s4-b", {stranger}));
    EXPECT_OK(ipset.create("catena-left", {netpol::SetKind::kAddresses, base::Family::kIpv4}));
  });
  EXPECT_THAT(scene.differences(rules), ElementsAre(HasSubstr("catena-s4-b has other members"),
                                                    HasSubstr("catena-left is too many")));
  ASSERT_OK(scene.sync(rules));
  EXPECT_THAT(scene.differences(rules), IsEmpty());
}

TEST_F(XtablesState, SetsOfEveryKindHoldWhatTheModelSays) {
  netpol::Set many;
  netpol::Set networks;
  networks.kind = netpol::SetKind::kNetworks;
  networks.networks = {{ip("0.0.0.0"), ip("255.255.255.255")}};
  netpol::Set named;
  named.kind = netpol::SetKind::kEndpoints;
  named.family = base::Family::kIpv6;
  for (std::uint16_t i = 0; i < 3000; ++i) {
    many.addresses.push_back(ip("10.0.0.1").plus(i));
    named.endpoints.push_back({ip("fd00::1").plus(i), std::uint8_t{132}, i});
  }
  rules.sets = {{"s4-x", many}, {"b4-x", networks}, {"n6-x", named}};
  rules.chains["p"].rules = {{.peers = "s4-x"}, {.peers = "b4-x"}, {.endpoints = "n6-x"}};
  rules.subjects["a"].ingress = {"p"};
  ASSERT_OK(scene.sync(rules));
  EXPECT_THAT(scene.differences(rules), IsEmpty());

  rules.sets["s4-x"].addresses.erase(rules.sets["s4-x"].addresses.begin() + 7);
  rules.sets["b4-x"].networks = {{ip("10.0.0.1"), ip("10.9.0.0")}};
  rules.sets["n6-x"].endpoints.resize(10);
  EXPECT_EQ(scene.differences(rules).size(), 3U);
  ASSERT_OK(scene.sync(rules));
  EXPECT_THAT(scene.differences(rules), IsEmpty());
}

TEST_F(XtablesState, OneSubjectComesAndGoesWithoutTouchingTheOthers) {
  ASSERT_OK(scene.sync(rules));
  ASSERT_OK(scene.close_subject("b", scene.pod_b));
  EXPECT_THAT(scene.subjects(), ElementsAre("a", "b"));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_b}));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a}));
  EXPECT_THAT(scene.differences_of(rules), IsEmpty());
  ASSERT_OK(scene.remove_subject("b"));
  ASSERT_OK(scene.remove_subject("b"));
  EXPECT_THAT(scene.subjects(), ElementsAre("a"));
  EXPECT_TRUE(reaches({scene.outside, scene.pod_b}));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a}));
  EXPECT_THAT(scene.differences(rules), IsEmpty());
}

TEST_F(XtablesState, ALateDelDoesNotTakeTheRulesOfThePodThatHasTheAddressNow) {
  ASSERT_OK(scene.close_subject("new", scene.pod_a));
  ASSERT_OK(scene.remove_subject("old"));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a}));
}

TEST_F(XtablesState, RemovingLeavesAllThatIsOthers) {
  scene.node.netns.sh(
      "iptables-legacy -t mangle -N THEIRS && iptables-legacy -t mangle -A POSTROUTING -j THEIRS"
      " && iptables-legacy -A FORWARD -j ACCEPT && ip6tables-legacy -t mangle -A INPUT -j ACCEPT");
  const std::string mangle = scene.saved();
  const std::string filter = scene.saved("filter");
  on_ipset([](Ipset& ipset) {
    EXPECT_OK(ipset.create("theirs", {netpol::SetKind::kAddresses, base::Family::kIpv4}));
  });
  ASSERT_OK(scene.sync(rules));
  ASSERT_OK(scene.remove_all());
  ASSERT_OK(scene.remove_all());
  EXPECT_EQ(scene.saved(), mangle);
  EXPECT_EQ(scene.saved("filter"), filter);
  on_ipset([](Ipset& ipset) {
    const std::vector<SetHeader> left = must(ipset.list(""));
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.front().name, "theirs");
  });
}

TEST_F(XtablesState, ALockThatIsHeldIsWaitedForAndItsHolderNamed) {
  const base::UniqueFd held(::open(scene.lock.path().c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  const catena::test::Outcome outcome = run_xtables(scene, {"--wait", "1", "list"});
  EXPECT_EQ(outcome.exit_status, 4) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(scene.lock.path()));
  EXPECT_THAT(outcome.err, HasSubstr(std::to_string(::getpid())));
  EXPECT_GE(outcome.wall, std::chrono::milliseconds(900));
}

TEST_F(XtablesState, NoRuleOfTheIptablesCommandIsLostBesideIt) {
  std::thread commands([this] {
    for (int i = 0; i < 20; ++i) {
      scene.node.netns.sh("iptables-legacy -w 20 -t mangle -A FORWARD -m comment --comment n" +
                          std::to_string(i));
    }
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_OK(scene.sync(i % 2 == 0 ? rules : all_closed(scene.pod_a)));
  }
  commands.join();
  ASSERT_OK(scene.sync(rules));
  const std::string saved = scene.saved();
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(saved, HasSubstr("--comment n" + std::to_string(i) + "\n"));
  }
  EXPECT_THAT(scene.differences(rules), IsEmpty());
}

TEST_F(XtablesState, AHostWhoseRulesAreIptablesNftsIsRefusedWithTheReason) {
  scene.node.netns.sh("iptables-nft -A FORWARD -j ACCEPT");
  const base::Status probed = scene.can_do();
  ASSERT_FALSE(probed.ok());
  EXPECT_TRUE(probed.error().is(base::ErrorKind::kUnsupported));
  EXPECT_THAT(probed.error().text(), HasSubstr("ip filter"));
  EXPECT_THAT(probed.error().text(), HasSubstr("use the back end nftables"));
  EXPECT_FALSE(scene.sync(rules).ok());
  EXPECT_THAT(scene.saved(), Not(HasSubstr("CATENA")));
}

TEST_F(XtablesState, RulesOfNftItselfAreNoReasonToRefuse) {
  scene.node.netns.sh(
      "nft add table inet filter; nft add chain inet filter c; nft add rule inet filter c accept;"
      "nft add table ip kube-proxy; nft add chain ip kube-proxy c;"
      "nft add rule ip kube-proxy c accept");
  EXPECT_OK(scene.can_do());
}

TEST_F(XtablesState, WhatLibxtablesCannotDoIsSaidWithWhatWasTried) {
  const std::string model = base::print_json(netpol::to_json(rules));
  const catena::test::Outcome outcome = catena::test::run_process(
      {catena::test::bin_dir() + "/catena-xtables", "apply"},
      {.input = model,
       .environment = {{{"XTABLES_LIBDIR", "/nowhere"}, {"XTABLES_LOCKFILE", scene.lock.path()}}},
       .netns_fd = scene.node.netns.fd()});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("'-m comment --comment a' for IPv4"));
  EXPECT_THAT(scene.saved(), Not(HasSubstr("CATENA")));
  ASSERT_OK(scene.sync(rules));
}

TEST_F(XtablesState, WhatIsNotAModelIsRefusedBeforeAnythingIsDone) {
  for (const std::string text : {"", "{", "{\"chains\":{\"p\":[{\"peers\":\"none\"}]}}",
                                 "{\"subjects\":{\"a\":{\"ingress\":[\"none\"]}}}"}) {
    const catena::test::Outcome outcome = run_xtables(scene, {"apply"}, text);
    EXPECT_EQ(outcome.exit_status, 1) << text;
    EXPECT_THAT(outcome.err, HasSubstr("read the rule model on stdin")) << text;
  }
  EXPECT_THAT(scene.saved(), Not(HasSubstr("CATENA")));
  EXPECT_EQ(run_xtables(scene, {"aply"}).exit_status, 2);
  EXPECT_EQ(run_xtables(scene, {"forget"}).exit_status, 2);
  EXPECT_EQ(run_xtables(scene, {"list", "x"}).exit_status, 2);
}

}  // namespace
}  // namespace catena::xtables::test
