// Qdiscs and filters; their use for a pod's limits is tested in tests/kernel/shaping.
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/netlink/message.h"
#include "tests/kernel/netlink/world.h"

namespace catena::test {
namespace {

using base::ErrorKind;
using netlink::Place;
using netlink::Tbf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Tbf kTbf{.bucket = {.rate = 1'250'000, .burst = 30'000}, .limit = 60'000};

TEST(TrafficControl, OnlyTheKernelsDefaultIsNotFound) {
  World world;
  for (const Place place : {Place::kRoot, Place::kIngress}) {
    const auto found = world.host.find_qdisc(world.ctn, place);
    EXPECT_TRUE(!found.ok() && found.error().is(ErrorKind::kNotFound));
  }
  EXPECT_THAT(must(world.host.list_filters(world.ctn, Place::kRoot)), IsEmpty());
}

TEST(TrafficControl, TbfIsReadAsSetAndChangedInPlace) {
  World world;
  must(world.host.send(netlink::set_root_tbf(world.ctn, 0x10, kTbf)));
  auto found = must(world.host.find_qdisc(world.ctn, Place::kRoot));
  EXPECT_EQ(found.kind, "tbf");
  EXPECT_EQ(found.handle.major, 0x10);
  EXPECT_EQ(found.limit, 60'000U);
  EXPECT_TRUE(netlink::has_bucket(found, kTbf.bucket));
  EXPECT_FALSE(netlink::has_bucket(found, {.rate = 1'250'000, .burst = 30'001}));
  const Tbf fast{.bucket = {.rate = 12'500'000'000, .burst = 60'000'000}, .limit = 1'000'000};
  must(world.host.send(netlink::set_root_tbf(world.ctn, 0x10, fast)));
  found = must(world.host.find_qdisc(world.ctn, Place::kRoot));
  EXPECT_TRUE(netlink::has_bucket(found, fast.bucket)) << "a rate above 32 bits";
  must(world.host.send(netlink::delete_root_qdisc(world.ctn, 0x10)));
  EXPECT_FALSE(world.host.find_qdisc(world.ctn, Place::kRoot).ok());
}

// 4 GB at 1 byte/s are more than the kernel's 32 bits of time can tell.
TEST(TrafficControl, BurstThatTakesYearsIsReadAsSet) {
  World world;
  const Tbf slow{.bucket = {.rate = 1, .burst = 4'000'000'000}, .limit = 60'000};
  must(world.host.send(netlink::set_root_tbf(world.ctn, 0x10, slow)));
  EXPECT_TRUE(
      netlink::has_bucket(must(world.host.find_qdisc(world.ctn, Place::kRoot)), slow.bucket));
}

TEST(TrafficControl, RootOfAnotherNumberIsNotDeleted) {
  World world;
  must(world.host.send(netlink::set_root_tbf(world.ctn, 0x10, kTbf)));
  EXPECT_FALSE(world.host.send(netlink::delete_root_qdisc(world.ctn, 0x11)).ok());
  EXPECT_TRUE(world.host.find_qdisc(world.ctn, Place::kRoot).ok());
}

TEST(TrafficControl, ClassesOfAnHtbAreReadAsSet) {
  World world;
  const netlink::Handle limited{0x20, 1};
  must(world.host.send(batch(netlink::set_root_htb(world.ctn, 0x20, 1),
                             netlink::set_htb_class(world.ctn, limited, kTbf.bucket),
                             netlink::set_class_bfifo(world.ctn, limited, 50'000))));
  EXPECT_TRUE(netlink::has_bucket(must(world.host.find_class(world.ctn, limited)), kTbf.bucket));
  EXPECT_EQ(must(world.host.find_class_qdisc(world.ctn, limited)).limit, 50'000U);
  EXPECT_FALSE(world.host.find_class(world.ctn, {0x20, 2}).ok());
}

TEST(TrafficControl, FiltersForNetworksAreReadAsSet) {
  World world;
  must(world.host.send(netlink::set_root_htb(world.ctn, 0x20, 1)));
  for (const char* network :
       {"0.0.0.0/0", "10.0.0.0/7", "10.1.2.3/32", "::/0", "fd00::/9", "fd00:1:2:3:4::/65"}) {
    const netlink::NetworkFilter filter{
        .network = prefix(network), .end = netlink::AddressEnd::kDestination, .to = {0x20, 0}};
    must(world.host.send(netlink::add_network_filter(world.ctn, filter, 7)));
    const auto found = must(world.host.list_filters(world.ctn, Place::kRoot));
    ASSERT_THAT(found, SizeIs(1)) << network;
    EXPECT_EQ(found[0].keys, netlink::keys_of(filter)) << network;
    EXPECT_EQ(found[0].to, filter.to);
    must(world.host.send(
        netlink::delete_network_filters(world.ctn, 0x20, filter.network.family(), 7)));
  }
  EXPECT_THAT(must(world.host.list_filters(world.ctn, Place::kRoot)), IsEmpty());
}

TEST(TrafficControl, RedirectionLeadsToItsLink) {
  World world;
  must(world.host.send(netlink::create_ifb({.name = "ifb-a", .mac = mac("0a:00:00:00:00:09")})));
  const auto ifb = must(world.host.find_link("ifb-a"));
  EXPECT_EQ(ifb.kind, "ifb");
  must(world.host.send(batch(netlink::add_ingress_hook(world.ctn),
                             netlink::add_ingress_hook(world.ctn),
                             netlink::redirect_ingress(world.ctn, ifb, 9))));
  const auto filters = must(world.host.list_filters(world.ctn, Place::kIngress));
  ASSERT_THAT(filters, SizeIs(1));
  EXPECT_EQ(filters[0].redirect_to, ifb.index);
  EXPECT_EQ(filters[0].priority, 9);
  EXPECT_TRUE(filters[0].matches_all);
  must(world.host.send(batch(netlink::delete_ingress_filters(world.ctn, 9),
                             netlink::delete_ingress_filters(world.ctn, 9),
                             netlink::delete_ingress_hook(world.ctn))));
  EXPECT_FALSE(world.host.find_qdisc(world.ctn, Place::kIngress).ok());
}

TEST(TrafficControl, LookingForAQdiscLeavesNoTrace) {
  World world;
  must(world.host.has_tbf());
  must(world.host.has_htb());
  EXPECT_FALSE(world.host.find_qdisc(must(world.host.find_link("lo")), Place::kRoot).ok());
}

TEST(TrafficControl, WhatTheKernelLacksIsNamedByItsOption) {
  World world;
  tcmsg header{};
  header.tcm_ifindex = world.ctn.index;
  header.tcm_parent = TC_H_ROOT;
  netlink::MessageBuilder builder(RTM_NEWQDISC, NLM_F_CREATE, header);
  builder.put_text(TCA_KIND, "no_such_kind");
  netlink::Request request = std::move(builder).finish("set qdisc no_such_kind on ctn");
  request.needs = "CONFIG_NET_SCH_OTHER (module sch_other)";
  const auto refused = world.host.send(std::move(request));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(ErrorKind::kUnsupported));
  EXPECT_THAT(refused.error().message(),
              HasSubstr("the kernel lacks CONFIG_NET_SCH_OTHER (module sch_other)"));
}

}  // namespace
}  // namespace catena::test
