// What arrives under a limit, and how long packets wait. A share of the table; CATENA_FULL runs it
// whole. On a machine that others keep busy a figure may be low by accident: the best of some
// tries counts.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/bandwidth/scene.h"
#include "tests/support/traffic.h"

namespace catena::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::uint64_t kMbit = 1'000'000;
constexpr int kTries = 4;

struct Case {
  // "pod", "host": egressFrom; "nic": the interface has no end on the node; "unshaped", "shaped":
  // the queue tells networks apart, and the load is with one that is limited
  const char* way;
  bool ingress;
  bool tcp;
  int streams;
  bool ipv6;
  std::uint64_t mbit;
};

std::string name_of(const Case& one) {
  return std::string(one.way) + (one.ingress ? "_Ingress_" : "_Egress_") +
         (one.tcp ? "Tcp" : "Udp") + std::to_string(one.streams) + (one.ipv6 ? "_V6_" : "_V4_") +
         std::to_string(one.mbit) + "Mbit";
}
void PrintTo(const Case& one, std::ostream* out) { *out << name_of(one); }

bool is_nic(const Case& one) { return one.way == std::string("nic"); }

bool tells_apart(const Case& one) {
  const std::string way = one.way;
  return way == "unshaped" || way == "shaped";
}

bool is_full() { return std::getenv("CATENA_FULL") != nullptr; }

std::vector<Case> whole_table() {
  std::vector<Case> all;
  for (const char* way : {"pod", "host", "nic", "unshaped", "shaped"}) {
    for (const std::uint64_t mbit : {1U, 10U, 100U, 1000U}) {
      for (int bits = 0; bits < 16; ++bits) {
        all.push_back({.way = way,
                       .ingress = (bits & 1) != 0,
                       .tcp = (bits & 2) != 0,
                       .streams = (bits & 4) != 0 ? 8 : 1,
                       .ipv6 = (bits & 8) != 0,
                       .mbit = mbit});
      }
    }
  }
  return all;
}

std::vector<Case> cases() {
  if (is_full()) {
    return whole_table();
  }
  return {{"pod", true, true, 1, false, 10},      {"pod", false, true, 8, true, 10},
          {"pod", true, false, 1, true, 100},     {"host", false, true, 1, true, 10},
          {"host", false, false, 1, false, 100},  {"nic", true, true, 8, false, 10},
          {"nic", true, false, 1, true, 10},      {"pod", true, true, 8, false, 1},
          {"shaped", false, false, 1, true, 100}, {"unshaped", false, true, 1, false, 10}};
}

class Rig {
 public:
  explicit Rig(const Case& one) : one_(one) {
    json keys = {{one.ingress ? "ingressRate" : "egressRate", one.mbit * kMbit}};
    const std::string way = one.way;
    if (way == "unshaped") {
      keys["unshapedSubnets"] = {"203.0.113.0/24", "2001:db8::/32"};
    } else if (way == "shaped") {
      keys["shapedSubnets"] = {"10.2.1.0/24", "fd02:1::/64"};
    } else if (way != "nic") {
      keys["egressFrom"] = way;
    }
    node_.add(pod_, keys);
  }

  // Where networks are told apart a packet may be half a second of 1 Mbit/s.
  milliseconds duration() const {
    const milliseconds slow(tells_apart(one_) ? 15'000 : 4000);
    return one_.mbit == 1 ? slow : milliseconds(1500);
  }

  Delivery carry() {
    const bool slow = one_.mbit == 1;
    const std::string to = one_.ipv6 ? (one_.ingress ? pod_.address6() : pod_.host_address6())
                                     : (one_.ingress ? pod_.address() : pod_.host_address());
    return test::carry({.from = one_.ingress ? node_.node : pod_.ns,
                        .to = one_.ingress ? pod_.ns : node_.node,
                        .destination = base::IpAddress::parse(to).value(),
                        .tcp = one_.tcp,
                        .streams = one_.streams,
                        .offered_bits = one_.mbit * kMbit * 13 / 10,
                        .warm_up = milliseconds(slow ? 2000 : 500),
                        .duration = duration()});
  }

 private:
  const Case& one_;
  BandwidthNode node_;
  BandwidthPod pod_{node_, 1, 1500, is_nic(one_) ? PodLink::kNic : PodLink::kVeth};
};

// The queue is 25 ms, or 16 frames, 185 ms at 1 Mbit/s; where networks are told apart at least a
// large packet, 537 ms at 1 Mbit/s and 54 at 10, behind one that is on its way. The rest is the
// machine's.
double longest_wait_ms(const Case& one) {
  if (tells_apart(one)) {
    return one.mbit == 1 ? 800 : one.mbit == 10 ? 80 : 50;
  }
  return one.mbit == 1 ? 210 : 50;
}

class Accuracy : public testing::TestWithParam<Case> {};

TEST_P(Accuracy, GoodputIsTheLimitAndPacketsWaitNotLong) {
  const Case& one = GetParam();
  Rig rig(one);
  const double limit = static_cast<double>(one.mbit * kMbit);
  const auto off = [limit](const Delivery& delivery) {
    return std::abs(delivery.bits_per_second / limit - 1);
  };
  Delivery best;
  for (int attempt = 0; attempt < kTries && off(best) > 0.05; ++attempt) {
    const Delivery delivery = rig.carry();
    best = attempt == 0 || off(delivery) < off(best) ? delivery : best;
  }
  std::printf("%-32s %7.1f %% of the limit, wait %6.1f ms, longest %6.1f ms\n",
              name_of(one).c_str(), best.bits_per_second / limit * 100, best.median_wait_ms,
              best.longest_wait_ms);
  EXPECT_NEAR(best.bits_per_second / limit, 1, 0.05);
  EXPECT_LT(best.median_wait_ms, longest_wait_ms(one));
}

INSTANTIATE_TEST_SUITE_P(Shaping, Accuracy, testing::ValuesIn(cases()),
                         [](const auto& one) { return name_of(one.param); });

TEST(Neighbour, IsNotSlowedByALimitedPodUnderLoad) {
  const BandwidthNode node;
  const BandwidthPod limited(node, 1);
  const BandwidthPod neighbour(node, 2);
  node.add(limited, {{"ingressRate", 1'000'000}, {"egressRate", 1'000'000}});
  Delivery slow;
  Delivery fast;
  std::thread other([&] {
    slow = carry({.from = node.node,
                  .to = limited.ns,
                  .destination = base::IpAddress::parse(limited.address()).value()});
  });
  fast = carry({.from = node.node,
                .to = neighbour.ns,
                .destination = base::IpAddress::parse(neighbour.address()).value()});
  other.join();
  EXPECT_LT(slow.bits_per_second, 1.3e6);
  EXPECT_GT(fast.bits_per_second, 100e6);
  EXPECT_LT(fast.median_wait_ms, 20);
}

}  // namespace
}  // namespace catena::test
