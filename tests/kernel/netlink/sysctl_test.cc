#include "common/netlink/sysctl.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::must;

TEST(Sysctl, IsThatOfTheNamespaceTheThreadIsIn) {
  test::World world;
  const std::string name = "ipv4/conf/ctn1a2b/rp_filter";
  EXPECT_TRUE(read_sysctl(name).error().is(base::ErrorKind::kNotFound));  // not at home
  std::thread([&] {
    const ScopedNetNs inside = must(ScopedNetNs::enter(world.host_netns));
    EXPECT_EQ(must(read_sysctl(name)),
              world.host_ns.sh("printf %s \"$(cat /proc/sys/net/" + name + ")\""));
    must(write_sysctl(name, "2"));
    EXPECT_EQ(must(read_sysctl(name)), "2");
    std::thread([&] { EXPECT_EQ(must(read_sysctl(name)), "2"); }).join();
  }).join();
  EXPECT_EQ(world.host_ns.sh("cat /proc/sys/net/" + name), "2\n");
  EXPECT_TRUE(read_sysctl(name).error().is(base::ErrorKind::kNotFound));
}

TEST(Sysctl, EnsureWritesOnlyWhatDiffers) {
  const test::ScratchNetNs scratch;
  const NetNs netns = must(NetNs::open(scratch.path()));
  const std::string at_home = must(read_sysctl("ipv4/ip_forward"));
  {
    const ScopedNetNs inside = must(ScopedNetNs::enter(netns));
    must(write_sysctl("ipv4/ip_forward", "0"));
    EXPECT_TRUE(must(ensure_sysctl("ipv4/ip_forward", "1")));
    EXPECT_EQ(must(read_sysctl("ipv4/ip_forward")), "1");
    EXPECT_FALSE(must(ensure_sysctl("ipv4/ip_forward", "1")));
  }
  EXPECT_EQ(must(read_sysctl("ipv4/ip_forward")), at_home);
}

TEST(Sysctl, RefusesNamesOutsideOfNet) {
  for (const char* name : {"../kernel/hostname", "ipv4/../../kernel/hostname", "/etc/passwd", "",
                           "ipv4//ip_forward", "ipv4/./ip_forward", "ipv4/conf/.."}) {
    const base::Result<std::string> value = read_sysctl(name);
    ASSERT_FALSE(value.ok()) << name;
    EXPECT_TRUE(value.error().is(base::ErrorKind::kBadConfig)) << value.error().text();
    EXPECT_TRUE(write_sysctl(name, "1").error().is(base::ErrorKind::kBadConfig));
    EXPECT_TRUE(ensure_sysctl(name, "1").error().is(base::ErrorKind::kBadConfig));
  }
}

TEST(Sysctl, SaysWhatWasTriedWithWhat) {
  const test::ScratchNetNs scratch;
  const NetNs netns = must(NetNs::open(scratch.path()));
  const ScopedNetNs inside = must(ScopedNetNs::enter(netns));
  EXPECT_TRUE(write_sysctl("ipv4/absent", "1").error().is(base::ErrorKind::kNotFound));
  const base::Status status = write_sysctl("ipv4/ip_forward", "maybe");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "write 'maybe' to /proc/sys/net/ipv4/ip_forward: Invalid argument");
}

}  // namespace
}  // namespace catena::netlink
