#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::batch;
using test::must;
using test::prefix;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(Address, HostPrefixesOfBothFamiliesReadBackWithTheirLength) {
  test::World world;
  must(world.pod.send(batch(add_address(world.eth0, prefix("10.1.0.5/32")),
                            add_address(world.eth0, prefix("172.16.3.7/20")),
                            add_address(world.eth0, prefix("fd00::5/128")),
                            add_address(world.eth0, prefix("fd01::7/64")))));
  const auto addresses = must(world.pod.list_addresses(world.eth0));
  for (const char* text : {"10.1.0.5/32", "172.16.3.7/20", "fd00::5/128", "fd01::7/64"}) {
    EXPECT_THAT(addresses, Contains(prefix(text)));
  }
}

TEST(Address, Ipv6IsUsableAtOnce) {
  test::World world;
  must(world.pod.send(add_address(world.eth0, prefix("fd00::5/128"))));
  const std::string shown = world.pod_ns.sh("ip -6 addr show dev eth0 scope global");
  EXPECT_THAT(shown, HasSubstr("fd00::5/128"));
  EXPECT_THAT(shown, HasSubstr("nodad"));
  EXPECT_THAT(shown, Not(HasSubstr("tentative")));
}

TEST(Address, LinkScopeIsSet) {
  test::World world;
  must(world.host.send(add_address(world.ctn, prefix("169.254.1.1/32"), AddressScope::kLink)));
  EXPECT_THAT(world.host_ns.sh("ip addr show dev ctn1a2b"),
              HasSubstr("inet 169.254.1.1/32 scope link"));
  must(world.host.send(add_address(world.ctn, prefix("10.0.0.9/32"))));
  EXPECT_THAT(world.host_ns.sh("ip addr show dev ctn1a2b"),
              HasSubstr("inet 10.0.0.9/32 scope global"));
}

TEST(Address, TwiceIsExists) {
  test::World world;
  for (const char* text : {"10.1.0.5/32", "fd00::5/128"}) {
    must(world.pod.send(add_address(world.eth0, prefix(text))));
    const base::Status status = world.pod.send(add_address(world.eth0, prefix(text)));
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(status.error().is(base::ErrorKind::kExists)) << status.error().text();
  }
}

TEST(Address, DeletingMayBeRepeatedAndOutlivesTheLink) {
  test::World world;
  for (const char* text : {"10.1.0.5/32", "fd00::5/128"}) {
    must(world.pod.send(add_address(world.eth0, prefix(text))));
    must(world.pod.send(delete_address(world.eth0, prefix(text))));
    EXPECT_THAT(must(world.pod.list_addresses(world.eth0)), Not(Contains(prefix(text))));
    must(world.pod.send(delete_address(world.eth0, prefix(text))));
  }
  must(world.pod.send(delete_link(world.eth0)));
  must(world.pod.send(delete_address(world.eth0, prefix("10.1.0.5/32"))));
  must(world.pod.send(delete_address(world.eth0, prefix("fd00::5/128"))));
}

TEST(ListAddresses, IsOfOneLinkOnlyAndKeepsLinkLocalOnes) {
  test::World world;
  must(world.pod.send(add_address(world.eth0, prefix("10.1.0.5/32"))));
  const Link lo = must(world.pod.find_link("lo"));
  EXPECT_THAT(must(world.pod.list_addresses(lo)),
              testing::UnorderedElementsAre(prefix("127.0.0.1/8"), prefix("::1/128")));
  const base::Prefix link_local = test::wait_for_link_local(world.pod, world.eth0);
  EXPECT_EQ(link_local.length(), 64);
  EXPECT_THAT(must(world.pod.list_addresses(world.eth0)),
              testing::UnorderedElementsAre(prefix("10.1.0.5/32"), link_local));
}

TEST(ListAddresses, OfAPointToPointAddressIsOurOwnSide) {
  test::World world;
  world.pod_ns.sh("ip addr add 10.3.0.1 peer 10.3.0.2/32 dev eth0");
  EXPECT_THAT(must(world.pod.list_addresses(world.eth0)), Contains(prefix("10.3.0.1/32")));
}

TEST(ListAddresses, OfALinkThatIsGoneIsNotFound) {
  test::World world;
  must(world.pod.send(delete_link(world.eth0)));
  const auto addresses = world.pod.list_addresses(world.eth0);
  ASSERT_FALSE(addresses.ok());
  EXPECT_TRUE(addresses.error().is(base::ErrorKind::kNotFound)) << addresses.error().text();
}

}  // namespace
}  // namespace catena::netlink
