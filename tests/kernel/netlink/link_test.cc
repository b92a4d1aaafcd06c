#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/netlink/sysctl.h"
#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::must;
using testing::HasSubstr;

TEST(FindLink, AnAbsentOneIsNotFound) {
  test::Namespaces world;
  for (const char* name : {"absent", "", "a-name-of-more-than-fifteen-letters"}) {
    const base::Result<Link> link = world.host.find_link(name);
    ASSERT_FALSE(link.ok()) << name;
    EXPECT_TRUE(link.error().is(base::ErrorKind::kNotFound)) << link.error().text();
    EXPECT_THAT(link.error().message(), HasSubstr(name));
  }
  for (const int index : {9999, 0, -1}) {
    const base::Result<Link> link = world.host.find_link(index);
    ASSERT_FALSE(link.ok()) << index;
    EXPECT_TRUE(link.error().is(base::ErrorKind::kNotFound)) << link.error().text();
  }
}

TEST(FindLink, ByNameAndByIndexAreTheSameLink) {
  test::World world;
  const Link by_index = must(world.host.find_link(world.ctn.index));
  EXPECT_EQ(by_index.name, "ctn1a2b");
  EXPECT_EQ(by_index.mac, world.ctn.mac);
  EXPECT_TRUE(by_index.up);
}

TEST(FindLink, LoHasNoKindAndNoPeer) {
  test::Namespaces world;
  const Link lo = must(world.host.find_link("lo"));
  EXPECT_EQ(lo.index, 1);
  EXPECT_EQ(lo.kind, "");
  EXPECT_EQ(lo.peer_index, 0);
  EXPECT_EQ(lo.mtu, 65536U);
  EXPECT_TRUE(lo.mac.is_zero());
  EXPECT_TRUE(lo.up);
}

TEST(SetLink, ChangesWhatIsAskedAndNothingElse) {
  test::World world;
  must(world.host.send(set_link(world.ctn, {.mtu = 1280})));
  Link link = must(world.host.find_link("ctn1a2b"));
  EXPECT_EQ(link.mtu, 1280U);
  EXPECT_EQ(link.mac, test::kHostEnd.mac);
  EXPECT_EQ(link.alias, "");
  EXPECT_TRUE(link.up);

  must(world.host.send(set_link(world.ctn, {.mac = test::mac("0a:00:00:00:00:99")})));
  link = must(world.host.find_link("ctn1a2b"));
  EXPECT_EQ(link.mac, test::mac("0a:00:00:00:00:99"));
  EXPECT_EQ(link.mtu, 1280U);

  must(world.host.send(set_link(world.ctn, {.up = false})));
  EXPECT_FALSE(must(world.host.find_link("ctn1a2b")).up);
}

TEST(SetLink, AliasIsWhatIpShowsAndAnEmptyOneClearsIt) {
  test::World world;
  must(world.host.send(set_link(world.ctn, {.alias = "shop/cart-0"})));
  EXPECT_EQ(must(world.host.find_link("ctn1a2b")).alias, "shop/cart-0");
  EXPECT_THAT(world.host_ns.sh("ip -d link show ctn1a2b"), HasSubstr("alias shop/cart-0\n"));
  must(world.host.send(set_link(world.ctn, {.alias = ""})));
  EXPECT_EQ(must(world.host.find_link("ctn1a2b")).alias, "");
}

TEST(SetLink, AnAliasBeyondTheKernelsLimitIsAnErrorNotACrash) {
  test::World world;
  // IFALIASZ is 256; the second does not even fit a message.
  for (const std::size_t size : {std::size_t{300}, std::size_t{100'000}}) {
    const base::Status status =
        world.host.send(set_link(world.ctn, {.alias = std::string(size, 'x')}));
    ASSERT_FALSE(status.ok()) << size;
    EXPECT_THAT(status.error().message(), HasSubstr("set link ctn1a2b alias xxx"));
  }
  EXPECT_EQ(must(world.host.find_link("ctn1a2b")).alias, "");
}

TEST(SetLink, Renames) {
  test::World world;
  must(world.host.send(set_link(world.ctn, {.up = false})));
  must(world.host.send(set_link(world.ctn, {.name = "renamed"})));
  EXPECT_EQ(must(world.host.find_link(world.ctn.index)).name, "renamed");
  EXPECT_TRUE(world.host.find_link("ctn1a2b").error().is(base::ErrorKind::kNotFound));
}

TEST(SetLink, MovesToAnotherNamespaceUnderAnotherName) {
  test::World world;
  must(world.host.send(
      set_link(world.ctn, {.name = "moved", .alias = "was ctn", .move_to = &world.pod_netns})));
  EXPECT_TRUE(world.host.find_link("ctn1a2b").error().is(base::ErrorKind::kNotFound));
  const Link moved = must(world.pod.find_link("moved"));
  EXPECT_EQ(moved.mac, test::kHostEnd.mac);
  EXPECT_EQ(moved.alias, "was ctn");
}

TEST(SetLink, ALinkThatIsGoneIsNotFound) {
  test::World world;
  must(world.host.send(delete_link(world.ctn)));
  const base::Status status = world.host.send(set_link(world.ctn, {.up = true}));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().is(base::ErrorKind::kNotFound)) << status.error().text();
}

TEST(HostEnd, IsLooseAndMakesNoLinkLocalAddress) {
  test::Namespaces world;
  must(world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns)));
  const Link ctn = must(world.host.find_link("ctn1a2b"));
  const Link eth0 = must(world.pod.find_link("eth0"));
  must(world.host.send(
      test::batch(set_loose_rp_filter(ctn), set_no_link_local(ctn), set_link(ctn, {.up = true}))));
  must(world.pod.send(set_link(eth0, {.up = true})));

  EXPECT_EQ(world.host_ns.sh("cat /proc/sys/net/ipv4/conf/ctn1a2b/rp_filter"), "2\n");
  EXPECT_EQ(world.host_ns.sh("cat /proc/sys/net/ipv6/conf/ctn1a2b/addr_gen_mode"), "1\n");
  // The other end makes its address as soon as both are up; ours would have been there by then.
  (void)test::wait_for_link_local(world.pod, eth0);
  EXPECT_TRUE(must(world.host.list_addresses(ctn)).empty());
}

TEST(HostEnd, ALinkTooSmallForIpv6IsFine) {
  test::Namespaces world;
  VethEnd small = test::kHostEnd;
  small.mtu = 1200;  // IPv6 needs 1280 (RFC 8200 section 5): such a link has none
  must(world.host.send(create_veth(small, test::kPodEnd, world.pod_netns)));
  const Link ctn = must(world.host.find_link("ctn1a2b"));
  must(world.host.send(
      test::batch(set_loose_rp_filter(ctn), set_no_link_local(ctn), set_link(ctn, {.up = true}))));
  EXPECT_EQ(world.host_ns.sh("cat /proc/sys/net/ipv4/conf/ctn1a2b/rp_filter"), "2\n");
  EXPECT_FALSE(world.host_ns.sh_ok("test -e /proc/sys/net/ipv6/conf/ctn1a2b"));
}

TEST(ListLinks, HoldsEveryLinkOfTheNamespace) {
  test::World world;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    must(world.host.send(create_veth({.name = "a" + n, .mac = base::Mac::local_from(2 * i)},
                                     {.name = "b" + n, .mac = base::Mac::local_from(2 * i + 1)},
                                     world.host_netns)));
  }
  const std::vector<Link> links = must(world.host.list_links());
  EXPECT_EQ(links.size(), 82U);  // lo, ctn1a2b
  EXPECT_TRUE(std::ranges::any_of(links, [](const Link& link) {
    return link.name == "ctn1a2b" && link.kind == "veth" && link.mac == test::kHostEnd.mac;
  }));
}

TEST(LinkParameters, AreWhatWasSet) {
  test::World world;
  must(world.host.send(netlink::set_ipv4_parameters(
      world.ctn, {.rp_filter = 2, .arp_ignore = 8, .arp_announce = 1})));
  must(world.host.send(netlink::set_link(world.ctn, {.group = 77})));
  world.host_ns.sh("sysctl -qw net.ipv6.conf.ctn1a2b.accept_ra=2");
  const netlink::Link link = must(world.host.find_link(world.ctn.name));
  EXPECT_EQ(link.ipv4,
            (netlink::Ipv4Parameters{.rp_filter = 2, .arp_ignore = 8, .arp_announce = 1}));
  EXPECT_EQ(link.group, 77U);
  EXPECT_EQ(link.accept_ra, 2);
  EXPECT_TRUE(link.has_ipv6);
  EXPECT_EQ(world.host_ns.sh("cd /proc/sys/net/ipv4/conf/ctn1a2b;"
                             " cat rp_filter arp_ignore arp_announce"),
            "2\n8\n1\n");
  world.host_ns.sh("sysctl -qw net.ipv6.conf.ctn1a2b.disable_ipv6=1");
  EXPECT_FALSE(must(world.host.find_link(world.ctn.name)).has_ipv6);
}

}  // namespace
}  // namespace catena::netlink
