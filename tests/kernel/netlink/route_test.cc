#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::batch;
using test::ip;
using test::must;
using test::prefix;
using testing::HasSubstr;

class RouteTest : public testing::Test {
 protected:
  void SetUp() override {
    must(world_.host.send(batch(add_address(world_.ctn, prefix("192.168.0.10/24")),
                                add_address(world_.ctn, prefix("fd01::10/64")))));
  }

  // Whether the kernel lists exactly this route in its table.
  bool listed(const Route& route) {
    const auto routes = must(world_.host.list_routes(route.table));
    return std::ranges::any_of(routes, [&](const Route& r) { return same_route(r, route); });
  }

  void expect_round_trip(const Route& route) {
    SCOPED_TRACE(route.destination.to_string());
    must(world_.host.send(add_route(route)));
    EXPECT_TRUE(listed(route)) << world_.host_ns.sh(
        "ip -d route show table all; "
        "ip -d -6 route show table all");
    const base::Status again = world_.host.send(add_route(route));
    ASSERT_FALSE(again.ok());
    EXPECT_TRUE(again.error().is(base::ErrorKind::kExists)) << again.error().text();
    must(world_.host.send(delete_route(route)));
    EXPECT_FALSE(listed(route));
    must(world_.host.send(delete_route(route)));
  }

  test::World world_;
};

TEST_F(RouteTest, ToAPodWithASource) {
  expect_round_trip({.destination = prefix("10.1.0.5/32"),
                     .if_index = world_.ctn.index,
                     .if_name = "ctn1a2b",
                     .source = ip("192.168.0.10"),
                     .link_scope = true});
  expect_round_trip({.destination = prefix("fd00::5/128"),
                     .if_index = world_.ctn.index,
                     .source = ip("fd01::10")});
}

TEST_F(RouteTest, DefaultThroughAGateway) {
  expect_round_trip({.destination = prefix("0.0.0.0/0"),
                     .if_index = world_.ctn.index,
                     .gateway = ip("192.168.0.1")});
  expect_round_trip(
      {.destination = prefix("::/0"), .if_index = world_.ctn.index, .gateway = ip("fe80::1")});
}

TEST_F(RouteTest, OnlinkGatewayInATableOfItsOwn) {
  expect_round_trip({.destination = prefix("0.0.0.0/0"),
                     .if_index = world_.ctn.index,
                     .gateway = ip("172.31.255.253"),
                     .onlink = true,
                     .table = 1001});
  expect_round_trip({.destination = prefix("::/0"),
                     .if_index = world_.ctn.index,
                     .gateway = ip("fe80::99"),
                     .onlink = true,
                     .table = 1001});
}

TEST_F(RouteTest, WithAnMtuInATableBelow256) {
  expect_round_trip({.destination = prefix("10.0.0.0/8"),
                     .if_index = world_.ctn.index,
                     .table = 100,
                     .mtu = 1280});
  expect_round_trip({.destination = prefix("fd00::/16"),
                     .if_index = world_.ctn.index,
                     .table = 100,
                     .mtu = 1280});
}

TEST_F(RouteTest, OfTypesThatLeadNowhere) {
  constexpr unsigned char kBlackhole = 6;
  constexpr unsigned char kUnreachable = 7;
  expect_round_trip({.destination = prefix("10.8.0.0/16"), .type = kBlackhole});
  expect_round_trip({.destination = prefix("10.9.0.0/16"), .type = kUnreachable});
  // IPv6 shows such a route on lo.
  expect_round_trip({.destination = prefix("fd08::/16"), .if_index = 1, .type = kBlackhole});
}

TEST_F(RouteTest, ShowsOurProtocolNumberAndTheKernelsMetric) {
  must(world_.host.send(
      batch(add_route({.destination = prefix("10.1.0.5/32"), .if_index = world_.ctn.index}),
            add_route({.destination = prefix("fd00::5/128"), .if_index = world_.ctn.index}))));
  EXPECT_THAT(world_.host_ns.sh("ip -d route"), HasSubstr("10.1.0.5 dev ctn1a2b proto 202"));
  EXPECT_THAT(world_.host_ns.sh("ip -d -6 route"),
              HasSubstr("fd00::5 dev ctn1a2b proto 202 scope global metric 1024"));
}

TEST_F(RouteTest, ReplaceTakesTheOthersPlace) {
  const Route old_route{.destination = prefix("10.1.0.5/32"), .if_index = 1};
  const Route new_route{.destination = prefix("10.1.0.5/32"), .if_index = world_.ctn.index};
  must(world_.host.send(add_route(old_route, true)));  // also where there is none
  must(world_.host.send(add_route(new_route, true)));
  EXPECT_TRUE(listed(new_route));
  EXPECT_FALSE(listed(old_route));
}

TEST_F(RouteTest, DeletingSparesTheSameDestinationOfOthers) {
  world_.host_ns.sh(
      "ip route add 10.1.0.5/32 dev ctn1a2b protocol static && "
      "ip -6 route add fd00::5/128 dev ctn1a2b protocol static");
  const auto others = [&](const char* destination) {
    return Route{.destination = prefix(destination), .if_index = world_.ctn.index};
  };
  must(world_.host.send(
      batch(delete_route(others("10.1.0.5/32")), delete_route(others("fd00::5/128")))));
  EXPECT_THAT(world_.host_ns.sh("ip route show 10.1.0.5/32"), HasSubstr("static"));
  EXPECT_THAT(world_.host_ns.sh("ip -6 route show fd00::5/128"), HasSubstr("static"));
  Route elsewhere = others("10.1.0.5/32");
  elsewhere.protocol = 4;  // RTPROT_STATIC
  elsewhere.if_index = 1;
  must(world_.host.send(delete_route(elsewhere)));
  EXPECT_THAT(world_.host_ns.sh("ip route show 10.1.0.5/32"), HasSubstr("static"));
}

TEST_F(RouteTest, ATableThatNobodyMadeIsEmpty) {
  EXPECT_TRUE(must(world_.host.list_routes(54321)).empty());
}

TEST_F(RouteTest, ListsOneTableOfBothFamilies) {
  must(world_.host.send(
      batch(add_route({.destination = prefix("10.1.0.5/32"), .if_index = 1, .table = 300}),
            add_route({.destination = prefix("fd00::5/128"), .if_index = 1, .table = 300}),
            add_route({.destination = prefix("10.1.0.6/32"), .if_index = 1, .table = 301}))));
  const auto routes = must(world_.host.list_routes(300));
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].destination, prefix("10.1.0.5/32"));
  EXPECT_EQ(routes[1].destination, prefix("fd00::5/128"));
}

TEST_F(RouteTest, OfAMultipathRouteTheFirstPathIsRead) {
  world_.host_ns.sh(
      "ip route add 10.7.0.0/16 nexthop via 192.168.0.1 dev ctn1a2b "
      "nexthop via 192.168.0.2 dev ctn1a2b");
  const auto routes = must(world_.host.list_routes());
  const auto found = std::ranges::find_if(
      routes, [](const Route& route) { return route.destination == prefix("10.7.0.0/16"); });
  ASSERT_NE(found, routes.end());
  EXPECT_EQ(found->gateway, ip("192.168.0.1"));
  EXPECT_EQ(found->if_index, world_.ctn.index);
}

TEST(SameRoute, IgnoresTheNameAndTheScopeThatIpv6LacksAndNothingElse) {
  const Route route{.destination = prefix("10.1.0.5/32"), .if_index = 3, .mtu = 1400};
  Route other = route;
  other.if_name = "eth0";
  EXPECT_TRUE(same_route(route, other));
  other.link_scope = true;
  EXPECT_FALSE(same_route(route, other));
  Route v6 = route;
  v6.destination = prefix("fd00::5/128");
  Route v6_link = v6;
  v6_link.link_scope = true;
  EXPECT_TRUE(same_route(v6, v6_link));

  const auto differs = [&](auto change) {
    Route changed = route;
    change(changed);
    return !same_route(route, changed);
  };
  EXPECT_TRUE(differs([](Route& r) { r.destination = prefix("10.1.0.4/31"); }));
  EXPECT_TRUE(differs([](Route& r) { r.if_index = 4; }));
  EXPECT_TRUE(differs([](Route& r) { r.gateway = ip("10.0.0.1"); }));
  EXPECT_TRUE(differs([](Route& r) { r.onlink = true; }));
  EXPECT_TRUE(differs([](Route& r) { r.source = ip("10.0.0.1"); }));
  EXPECT_TRUE(differs([](Route& r) { r.table = 100; }));
  EXPECT_TRUE(differs([](Route& r) { r.mtu = 0; }));
  EXPECT_TRUE(differs([](Route& r) { r.protocol = 4; }));
  EXPECT_TRUE(differs([](Route& r) { r.type = 7; }));
}

}  // namespace
}  // namespace catena::netlink
