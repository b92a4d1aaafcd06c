// ENIs that come and go, and what is left of a simulation.
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/kernel/sim/vpc.h"

namespace catena::test {
namespace {

sim::PlaneNic second_nic() {
  return nic("eni-2", "00:16:3e:00:01:01", "vsw-a", {"192.168.0.30", "fd00:a::30"});
}

// The link with the second NIC's MAC, as `ip` prints it; empty where there is none.
std::string second_link(const ScratchNetNs& netns) {
  return netns.sh("ip -o link show | grep -i 00:16:3e:00:01:01 || true");
}

TEST(VpcPlug, ANodeStartsAsAMachineDoes) {
  Vpc vpc;
  EXPECT_NE(vpc.a().sh("ip -o addr show eth0").find("192.168.0.10/24"), std::string::npos);
  EXPECT_NE(vpc.a().sh("ip -o link show eth0").find("00:16:3e:00:00:01"), std::string::npos);
  EXPECT_NE(vpc.a().sh("ip route show default").find("via 192.168.0.253 dev eth0"),
            std::string::npos);
  EXPECT_NE(vpc.a().sh("ip -6 route show default").find("via fd00:a::ffff:ffff:ffff:fff7 dev eth0"),
            std::string::npos);
  EXPECT_NE(vpc.a().sh("ip -o addr show lo").find("100.100.100.200/32 scope host"),
            std::string::npos);
}

TEST(VpcPlug, ANewEniIsALinkThatIsDownAndHasNoAddress) {
  Vpc vpc;
  must(vpc.plane().plug("i-a", second_nic()));
  const std::string link = second_link(vpc.a());
  EXPECT_NE(link.find("eth1"), std::string::npos) << link;
  EXPECT_NE(link.find("state DOWN"), std::string::npos) << link;
  EXPECT_EQ(vpc.a().sh("ip addr show dev eth1 | grep inet || true"), "");
  vpc.a().sh("ip link set eth1 up && ip addr add 192.168.0.30/32 dev eth1");
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "192.168.0.30"));
}

TEST(VpcPlug, UnplugTakesTheLinkOutOfWhateverNamespaceItIsIn) {
  Vpc vpc;
  const ScratchNetNs pod;
  must(vpc.plane().plug("i-a", second_nic()));
  vpc.a().sh("ip link set eth1 netns " + pod.path() + " name eth0");
  ASSERT_NE(second_link(pod), "");
  must(vpc.plane().unplug("eni-2"));
  EXPECT_EQ(second_link(pod), "");
  EXPECT_EQ(second_link(vpc.a()), "");
  EXPECT_FALSE(vpc.plane().unplug("eni-2").ok());
  must(vpc.plane().plug("i-b", nic("eni-2", "00:16:3e:00:01:01", "vsw-b", {"192.168.1.30"})));
  EXPECT_NE(second_link(vpc.b()), "");
}

TEST(VpcPlug, AnEniComesHomeWhenItsPodsNamespaceDies) {
  Vpc vpc;
  must(vpc.plane().plug("i-a", second_nic()));
  {
    const ScratchNetNs pod;
    vpc.a().sh("ip link set eth1 netns " + pod.path() + " name eth0");
    pod.sh(
        "ip link set eth0 up && ip addr add 192.168.0.30/24 dev eth0 && "
        "ip route add default via 192.168.0.253");
    ASSERT_TRUE(pings(vpc.b(), "192.168.0.30"));
    ASSERT_EQ(second_link(vpc.a()), "");
  }
  ASSERT_TRUE(soon([&] { return !second_link(vpc.a()).empty(); }));
  EXPECT_NE(second_link(vpc.a()).find("state DOWN"), std::string::npos);
  vpc.a().sh("ip link set eth1 up && ip addr add 192.168.0.30/32 dev eth1");
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "192.168.0.30"));
}

TEST(VpcPlug, AnEniThatComesHomeFindsAnotherNameWhereItsOwnIsTaken) {
  Vpc vpc;
  must(vpc.plane().plug("i-a", second_nic()));
  {
    const ScratchNetNs pod;
    vpc.a().sh("ip link set eth1 netns " + pod.path());
    must(vpc.plane().plug("i-a", nic("eni-3", "00:16:3e:00:01:02", "vsw-a", {"192.168.0.31"})));
  }
  ASSERT_TRUE(soon([&] { return !second_link(vpc.a()).empty(); }));
  EXPECT_NE(second_link(vpc.a()).find("eth2"), std::string::npos) << second_link(vpc.a());
}

TEST(VpcPlug, NobodyElsesTrafficStalls) {
  Vpc vpc;
  // The links of a new VPC may still be coming up.
  ASSERT_TRUE(soon([&] { return vpc.b().sh_ok("ping -n -c 1 -W 0.2 192.168.1.11"); },
                   std::chrono::seconds(10)));
  std::string out;
  std::thread pinging(
      [&] { out = vpc.b().sh("ping -n -i 0.002 -c 1000 -W 1 192.168.1.11 || true"); });
  for (int i = 0; i < 20; ++i) {
    must(vpc.plane().plug("i-a", second_nic()));
    must(vpc.plane().set_addresses("eni-2", {prefix("192.168.0.40/28")}));
    must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), i % 2 == 0 ? "i-a" : "eni-2"}}));
    must(vpc.plane().unplug("eni-2"));
  }
  pinging.join();
  EXPECT_NE(out.find(" 0% packet loss"), std::string::npos) << out;
}

TEST(VpcEnd, TakesAllItMadeAndNothingElse) {
  const ScratchNetNs pod;
  Vpc vpc;
  must(vpc.plane().plug("i-a", second_nic()));
  vpc.a().sh("ip link set eth1 netns " + pod.path());
  pod.sh("ip link add mine type veth peer name yours");
  ASSERT_FALSE(vpc.is_gone());
  vpc.end();
  EXPECT_TRUE(vpc.is_gone());
  EXPECT_EQ(second_link(pod), "");
  EXPECT_NE(pod.sh("ip link show"), "");
  EXPECT_TRUE(pod.sh_ok("ip link show mine"));
}

}  // namespace
}  // namespace catena::test
