// Every kind of object that the builder makes, judged by the packets that pass and by nft.
#include "common/firewall/objects.h"

#include <gtest/gtest.h>

#include "common/firewall/batch.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/plan.h"
#include "common/firewall/prefixes.h"
#include "common/firewall/read.h"
#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/netfilter_socket.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using catena::test::kLongEnough;
using catena::test::ScratchNetNs;
using catena::test::udp_probe;

const std::string kTested = "tested";
const BaseChain kInput{kTested, "input", "filter", NF_INET_LOCAL_IN, 0};

Element element(const std::string& address, std::optional<Verdict> verdict = {}) {
  return {key_of(ip(address)), std::nullopt, std::move(verdict)};
}

// "drop unless": a rule of chain input that drops what comes from an address for which `condition`
// holds.
Rule drop_where(const std::function<void(Expressions&)>& condition) {
  Rule rule{"dropped in the test", {}};
  rule.expressions.is_family(base::Family::kIpv4).load_address(base::Family::kIpv4, End::kSource);
  condition(rule.expressions);
  rule.expressions.verdict(Verdict::drop());
  return rule;
}

class Objects : public testing::Test {
 protected:
  void commit(std::vector<Change> changes) const { EXPECT_OK(try_to(std::move(changes))); }
  base::Status try_to(std::vector<Change> changes) const {
    base::Status status;
    netns.run([&] {
      const NetfilterSocket socket = open_netfilter_socket();
      Batch batch;
      batch.add(std::move(changes));
      status = batch.commit(socket.get());
    });
    return status;
  }
  // Whether a datagram from that address of lo arrives.
  bool arrives_from(const std::string& source, bool expected) const {
    return udp_probe({netns, ip(source), netns, ip("127.0.0.1"),
                      expected ? catena::test::kUntilItComes : kLongEnough})
        .has_value();
  }
  void expect_passes(const std::string& source) const {
    EXPECT_TRUE(arrives_from(source, true)) << source << "\n" << netns.sh("nft list ruleset");
  }
  void expect_dropped(const std::string& source) const {
    EXPECT_FALSE(arrives_from(source, false)) << source << "\n" << netns.sh("nft list ruleset");
  }

  ScratchNetNs netns;
};

std::vector<Change> all(std::vector<std::vector<Change>> parts) {
  std::vector<Change> changes;
  for (std::vector<Change>& part : parts) {
    for (Change& change : part) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

std::vector<Change> input_chain() {
  std::vector<Change> changes;
  changes.push_back(ensure_table(kTested));
  changes.push_back(ensure_chain(kInput));
  return changes;
}

template <typename... Changes>
std::vector<Change> list(Changes... changes) {
  std::vector<Change> made;
  (made.push_back(std::move(changes)), ...);
  return made;
}

TEST_F(Objects, HashSetHoldsItsElements) {
  const Set set{kTested, "some", {kIpv4Field}};
  commit(all(
      {input_chain(), list(ensure_set(set)),
       add_elements(set, {element("127.0.0.2"), element("127.0.0.4")}),
       list(append_rule(kTested, "input", drop_where([](Expressions& e) { e.in_set("some"); })))}));
  expect_dropped("127.0.0.2");
  expect_passes("127.0.0.3");
  expect_dropped("127.0.0.4");
  commit(delete_elements(set, {element("127.0.0.2"), element("127.0.0.9")}));
  expect_passes("127.0.0.2");
  expect_dropped("127.0.0.4");
}

TEST_F(Objects, ACounterCountsWhatItsRuleSees) {
  const auto counted = [this] {
    base::Result<std::uint64_t> packets = std::uint64_t{0};
    netns.run([&] {
      const NetfilterSocket socket = open_netfilter_socket();
      packets = packets_counted(socket.get(), kTested, "dropped");
    });
    return packets;
  };
  const Set set{kTested, "some", {kIpv4Field}};
  const Rule rule =
      drop_where([](Expressions& expressions) { expressions.in_set("some").count("dropped"); });
  commit(
      all({list(ensure_table(kTested), ensure_counter(kTested, "dropped"), ensure_chain(kInput),
                ensure_set(set)),
           add_elements(set, {element("127.0.0.2")}), list(append_rule(kTested, "input", rule))}));
  expect_dropped("127.0.0.2");
  expect_passes("127.0.0.3");
  commit(list(ensure_counter(kTested, "dropped")));  // goes on counting
  expect_dropped("127.0.0.2");
  ASSERT_OK(counted());
  EXPECT_EQ(*counted(), 2);
  commit(list(delete_table(kTested)));
  EXPECT_TRUE(counted().error().is(base::ErrorKind::kNotFound));
}

TEST_F(Objects, IntervalSetHoldsItsEndsAndNothingBeyond) {
  const Set set{kTested, "ranges", {kIpv4Field}, true};
  const std::vector<Interval> ranges{{ip("127.0.0.2"), ip("127.0.0.3")},
                                     {ip("127.0.0.5"), ip("127.0.0.5")},
                                     {ip("127.0.1.0"), ip("255.255.255.255")}};
  commit(all({input_chain(), list(ensure_set(set)), add_elements(set, elements_of(ranges)),
              list(append_rule(kTested, "input",
                               drop_where([](Expressions& e) { e.in_set("ranges"); })))}));
  for (const char* inside : {"127.0.0.2", "127.0.0.3", "127.0.0.5", "127.0.1.0", "127.255.0.1"}) {
    expect_dropped(inside);
  }
  for (const char* beyond : {"127.0.0.1", "127.0.0.4", "127.0.0.6", "127.0.0.255"}) {
    expect_passes(beyond);
  }
  commit(add_elements(set, elements_of(ranges)));
  commit(delete_elements(set, elements_of({ranges[0]})));
  expect_passes("127.0.0.3");
  expect_dropped("127.0.0.5");
}

TEST_F(Objects, AnIntervalOfTheWholeAddressSpaceHoldsEverything) {
  const Set set{kTested, "all", {kIpv4Field}, true};
  commit(all(
      {input_chain(), list(ensure_set(set)),
       add_elements(set, elements_of(merged({net("0.0.0.0/0")}, base::Family::kIpv4))),
       list(append_rule(kTested, "input", drop_where([](Expressions& e) { e.in_set("all"); })))}));
  expect_dropped("127.0.0.1");
  expect_dropped("127.255.255.254");
}

TEST_F(Objects, InverseLookupDropsWhatIsNotInTheSet) {
  const Set set{kTested, "some", {kIpv4Field}};
  commit(all({input_chain(), list(ensure_set(set)), add_elements(set, {element("127.0.0.2")}),
              list(append_rule(kTested, "input",
                               drop_where([](Expressions& e) { e.not_in_set("some"); })))}));
  expect_passes("127.0.0.2");
  expect_dropped("127.0.0.3");
}

TEST_F(Objects, ConcatenatedSetTakesAllFieldsTogether) {
  const Set set{kTested, "pairs", {kInterfaceField, kIpv4Field}};
  Rule rule{"a pair", {}};
  rule.expressions.is_family(base::Family::kIpv4)
      .load_meta(NFT_META_IIFNAME)
      .load_address(base::Family::kIpv4, End::kSource, kAfterName)
      .in_set("pairs")
      .verdict(Verdict::drop());
  const Element with_lo{key_of_interface("lo") + key_of(ip("127.0.0.2")), {}, {}};
  const Element with_other{key_of_interface("lo1") + key_of(ip("127.0.0.3")), {}, {}};
  commit(all({input_chain(), list(ensure_set(set)), add_elements(set, {with_lo, with_other}),
              list(append_rule(kTested, "input", rule))}));
  expect_dropped("127.0.0.2");
  expect_passes("127.0.0.3");
}

TEST_F(Objects, VerdictMapSendsEachKeyItsWay) {
  const Set map{kTested, "dispatch", {kIpv4Field}, false, true};
  const Set some{kTested, "some", {kIpv4Field}};
  Rule dispatch{"by source", {}};
  dispatch.expressions.is_family(base::Family::kIpv4)
      .load_address(base::Family::kIpv4, End::kSource)
      .verdict_of("dispatch");
  Rule last{"all else", {}};
  last.expressions.verdict(Verdict::drop());
  commit(
      all({input_chain(),
           list(ensure_set(some), ensure_set(map), ensure_chain(kTested, "pod"),
                append_rule(kTested, "pod", drop_where([](Expressions& e) { e.in_set("some"); })),
                append_rule(kTested, "input", dispatch)),
           add_elements(some, {element("127.0.0.3")}),
           add_elements(
               map, {element("127.0.0.1", Verdict::accept()), element("127.0.0.2", Verdict::drop()),
                     element("127.0.0.3", Verdict::jump("pod")),
                     element("127.0.0.4", Verdict::jump("pod"))})}));
  expect_passes("127.0.0.1");
  expect_dropped("127.0.0.2");
  expect_dropped("127.0.0.3");
  expect_passes("127.0.0.4");
  expect_passes("127.0.0.5");
  commit(list(append_rule(kTested, "input", last)));
  expect_passes("127.0.0.1");
  expect_dropped("127.0.0.4");
  expect_dropped("127.0.0.5");
  EXPECT_NE(netns.sh("nft list map inet tested dispatch").find("127.0.0.3 : jump pod"),
            std::string::npos);
}

TEST_F(Objects, FlushedAndDeletedObjectsAreGone) {
  const Set set{kTested, "some", {kIpv4Field}};
  commit(all(
      {input_chain(), list(ensure_set(set), ensure_chain(kTested, "pod")),
       add_elements(set, {element("127.0.0.2")}),
       list(append_rule(kTested, "input", drop_where([](Expressions& e) { e.in_set("some"); })))}));
  EXPECT_FALSE(try_to(list(delete_set(kTested, "some"))).ok()) << "a rule uses it";
  commit(list(flush_chain(kTested, "input"), delete_set(kTested, "some"),
              delete_chain(kTested, "pod")));
  expect_passes("127.0.0.2");
  EXPECT_EQ(netns.sh("nft list ruleset").find("some"), std::string::npos);
  commit(list(delete_set(kTested, "some"), delete_chain(kTested, "pod"), delete_chain(kTested, "x"),
              delete_table("x")));
  commit(list(delete_table(kTested)));
  commit(list(delete_table(kTested)));
  EXPECT_EQ(netns.sh("nft list ruleset"), "");
}

TEST_F(Objects, AnErrorInTheMiddleLeavesEverythingAsItWas) {
  const Set set{kTested, "some", {kIpv4Field}};
  commit(all({input_chain(), list(ensure_set(set)), add_elements(set, {element("127.0.0.2")})}));
  const std::string before = netns.sh("nft list ruleset");
  const base::Status status = try_to(all(
      {add_elements(set, {element("127.0.0.3")}), list(flush_chain(kTested, "input")),
       list(append_rule(kTested, "nowhere", drop_where([](Expressions& e) { e.in_set("some"); }))),
       list(ensure_chain(kTested, "pod"), ensure_table("more"))}));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "add rule \"dropped in the test\" to chain nowhere of table inet tested: No such file "
            "or directory");
  EXPECT_EQ(netns.sh("nft list ruleset"), before);
}

TEST_F(Objects, WhatIsGoneIsLeftOutAndTheRestIsDone) {
  const Set set{kTested, "some", {kIpv4Field}};
  commit(all({input_chain(), list(ensure_set(set)),
              add_elements(set, {element("127.0.0.2"), element("127.0.0.3")})}));
  commit(
      all({delete_elements(set, {element("127.0.0.8"), element("127.0.0.2"), element("127.0.0.9")}),
           list(ensure_table("more"))}));
  const std::string after = netns.sh("nft list ruleset");
  EXPECT_NE(after.find("{ 127.0.0.3 }"), std::string::npos) << after;
  EXPECT_NE(after.find("table inet more"), std::string::npos) << after;
}

TEST_F(Objects, ABatchForAnOlderGenerationIsRefused) {
  netns.run([] {
    const NetfilterSocket socket = open_netfilter_socket();
    const std::uint32_t before = generation(socket.get()).value();
    Batch first;
    first.only_at(before);
    first.add(ensure_table(kTested));
    EXPECT_OK(first.commit(socket.get()));
    Batch late;
    late.only_at(before);
    late.add(ensure_table("late"));
    const base::Status refused = late.commit(socket.get());
    ASSERT_FALSE(refused.ok());
    EXPECT_TRUE(is_outdated(refused.error())) << refused.error().text();
    EXPECT_TRUE(refused.error().is(base::ErrorKind::kTryAgain));
    late.only_at(generation(socket.get()).value());
    EXPECT_OK(late.commit(socket.get()));
  });
  EXPECT_EQ(netns.sh("nft list ruleset"), "table inet tested {\n}\ntable inet late {\n}\n");
}

TEST_F(Objects, MoreElementsThanOneMessageHoldsComeAndGo) {
  const Set set{kTested, "ranges", {kIpv6Field}, true};
  std::vector<Interval> ranges;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    ranges.push_back({ip("fd00::").plus(16 * i), ip("fd00::7").plus(16 * i)});
  }
  commit(
      all({list(ensure_table(kTested), ensure_set(set)), add_elements(set, elements_of(ranges))}));
  EXPECT_GT(add_elements(set, elements_of(ranges)).size(), 5U);
  netns.run([&] {
    const NetfilterSocket socket = open_netfilter_socket();
    EXPECT_EQ(elements_in(socket.get(), set).value().size(), 2 * ranges.size());
    EXPECT_TRUE(has_element(socket.get(), set, key_of(ip("fd00::7").plus(79984))).value());
    EXPECT_FALSE(has_element(socket.get(), set, key_of(ip("fd00::8"))).value());
  });
}

TEST_F(Objects, WhatTheKernelDoesNotKnowIsAnError) {
  BaseChain strange = kInput;
  strange.type = "nosuchtype";
  const base::Status status = try_to(list(ensure_table(kTested), ensure_chain(strange)));
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message().find("add base chain input of table inet tested"),
            std::string::npos);
}

TEST_F(Objects, APlanThatTheKernelLacksTheKindForIsUnsupported) {
  netns.run([] {
    const NetfilterSocket socket = open_netfilter_socket();
    Plan plan;
    plan.chains.push_back({{kTable, "x", "nosuchtype", NF_INET_LOCAL_IN, 0}, {}});
    const base::Status status = ensure_with(socket.get(), plan, {});
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(status.error().is(base::ErrorKind::kUnsupported)) << status.error().text();
  });
  EXPECT_EQ(netns.sh("nft list ruleset"), "");
}

}  // namespace
}  // namespace catena::firewall::test
