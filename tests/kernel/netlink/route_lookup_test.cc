// Where a packet would go: matching_route and resolved_route.
#include <chrono>
#include <thread>

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

constexpr unsigned char kUnicast = 1;  // RTN_UNICAST
constexpr unsigned char kLocal = 2;    // RTN_LOCAL

class RouteLookupTest : public testing::Test {
 protected:
  void SetUp() override {
    const int ctn = world_.ctn.index;
    must(world_.host.send(batch(
        add_address(world_.ctn, prefix("192.168.0.10/24")),
        add_address(world_.ctn, prefix("fd01::10/64")),
        add_route({.destination = prefix("10.1.0.5/32"),
                   .if_index = ctn,
                   .source = ip("192.168.0.10"),
                   .link_scope = true}),
        add_route(
            {.destination = prefix("fd00::5/128"), .if_index = ctn, .source = ip("fd01::10")}))));
  }
  void add_default_routes() {
    const int ctn = world_.ctn.index;
    must(world_.host.send(batch(
        add_route(
            {.destination = prefix("0.0.0.0/0"), .if_index = ctn, .gateway = ip("192.168.0.1")}),
        add_route({.destination = prefix("::/0"), .if_index = ctn, .gateway = ip("fd01::1")}))));
  }

  test::World world_;
};

TEST_F(RouteLookupTest, APodsOwnRouteMatchesItself) {
  add_default_routes();
  const Route v4 = must(world_.host.matching_route(ip("10.1.0.5")));
  EXPECT_TRUE(same_route(v4, {.destination = prefix("10.1.0.5/32"),
                              .if_index = world_.ctn.index,
                              .source = ip("192.168.0.10"),
                              .link_scope = true}));
  const Route v6 = must(world_.host.matching_route(ip("fd00::5")));
  EXPECT_TRUE(same_route(v6, {.destination = prefix("fd00::5/128"),
                              .if_index = world_.ctn.index,
                              .source = ip("fd01::10")}));
}

TEST_F(RouteLookupTest, AnythingElseMatchesTheDefaultRoute) {
  add_default_routes();
  const Route v4 = must(world_.host.matching_route(ip("10.1.0.6")));
  EXPECT_EQ(v4.destination, prefix("0.0.0.0/0"));
  EXPECT_EQ(v4.gateway, ip("192.168.0.1"));
  EXPECT_EQ(v4.table, kMainTable);
  const Route v6 = must(world_.host.matching_route(ip("fd00::6")));
  EXPECT_EQ(v6.destination, prefix("::/0"));
  EXPECT_EQ(v6.gateway, ip("fd01::1"));
  EXPECT_EQ(v6.protocol, kProtocol);
}

TEST_F(RouteLookupTest, ResolvedTheAnswerIsThePacketsOwn) {
  add_default_routes();
  const Route v4 = must(world_.host.resolved_route(ip("198.51.100.7")));
  EXPECT_EQ(v4.destination, prefix("198.51.100.7/32"));
  EXPECT_EQ(v4.if_index, world_.ctn.index);
  EXPECT_EQ(v4.gateway, ip("192.168.0.1"));
  EXPECT_EQ(v4.source, ip("192.168.0.10"));
  EXPECT_EQ(v4.type, kUnicast);
  const Route v6 = must(world_.host.resolved_route(ip("fd99::7")));
  EXPECT_EQ(v6.if_index, world_.ctn.index);
  EXPECT_EQ(v6.gateway, ip("fd01::1"));
  EXPECT_EQ(v6.source, ip("fd01::10"));
  EXPECT_EQ(v6.type, kUnicast);
}

// An IPv6 address gets its local route from a work queue of the kernel, after the acknowledgement.
bool becomes_local(Socket& socket, const base::IpAddress& address) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    const base::Result<Route> route = socket.matching_route(address);
    if (route.ok() && route->type == kLocal) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST_F(RouteLookupTest, OurOwnAddressIsLocal) {
  for (const char* address : {"192.168.0.10", "fd01::10"}) {
    ASSERT_TRUE(becomes_local(world_.host, ip(address)));
    const Route matching = must(world_.host.matching_route(ip(address)));
    EXPECT_EQ(matching.type, kLocal);
    EXPECT_EQ(matching.destination, base::Prefix::host(ip(address)));
    EXPECT_EQ(must(world_.host.resolved_route(ip(address))).type, kLocal);
  }
}

TEST_F(RouteLookupTest, WithoutARouteItIsNotFound) {
  for (const char* address : {"10.1.0.6", "fd00::6"}) {
    for (const auto& route :
         {world_.host.matching_route(ip(address)), world_.host.resolved_route(ip(address))}) {
      ASSERT_FALSE(route.ok()) << address;
      EXPECT_TRUE(route.error().is(base::ErrorKind::kNotFound)) << route.error().text();
      EXPECT_THAT(route.error().message(),
                  HasSubstr(std::string("find route to ") + address + ": Network is unreachable"));
    }
  }
}

TEST_F(RouteLookupTest, ARouteThatRefusesIsNotFoundAndNamed) {
  for (const char* family : {"10.8.0.0/16", "fd08::/16"}) {
    for (const char* type : {"unreachable", "blackhole", "prohibit", "throw"}) {
      SCOPED_TRACE(std::string(type) + " " + family);
      world_.host_ns.sh("ip route replace " + std::string(type) + " " + family);
      const auto route = world_.host.matching_route(prefix(family).address().plus(7));
      ASSERT_FALSE(route.ok());
      EXPECT_TRUE(route.error().is(base::ErrorKind::kNotFound)) << route.error().text();
      if (std::string(type) != "throw") {
        EXPECT_THAT(route.error().message(), HasSubstr(type));
      }
    }
  }
}

TEST_F(RouteLookupTest, FollowsTheRulesIntoOtherTables) {
  must(world_.host.send(batch(
      add_route(
          {.destination = prefix("10.1.0.6/32"), .if_index = world_.ctn.index, .table = 1001}),
      add_rule({.priority = 512, .table = 1001}),
      add_route(
          {.destination = prefix("fd00::6/128"), .if_index = world_.ctn.index, .table = 1001}),
      add_rule({.family = base::Family::kIpv6, .priority = 512, .table = 1001}))));
  EXPECT_EQ(must(world_.host.matching_route(ip("10.1.0.6"))).table, 1001U);
  EXPECT_EQ(must(world_.host.matching_route(ip("10.1.0.5"))).table, kMainTable);
  EXPECT_EQ(must(world_.host.matching_route(ip("fd00::6"))).table, 1001U);
  EXPECT_EQ(must(world_.host.matching_route(ip("fd00::5"))).table, kMainTable);
}

}  // namespace
}  // namespace catena::netlink
