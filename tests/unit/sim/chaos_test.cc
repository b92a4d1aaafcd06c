// Thousands of random calls: the books balance, and a seed tells the whole story.
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::node;
using test::Parameters;

// A caller who asks for anything at any time.
class Storm {
 public:
  explicit Storm(std::uint64_t seed) : cloud_(scene(seed)), state_(seed * 2654435761U + 1) {}

  // All that the cloud said, so that two runs can be compared.
  std::string run(int calls) {
    std::string log;
    for (int i = 0; i < calls; ++i) {
      log += call() + "\n";
      cloud_->advance(sim::Millis{static_cast<std::int64_t>(draw(2500))});
    }
    log += cloud_->dump().dump();
    return log;
  }

  Cloud& cloud() { return cloud_; }

 private:
  static sim::Scene scene(std::uint64_t seed) {
    sim::Scene made = sim::default_scene(3);
    made.seed = seed;
    made.faults = {10, 10, 10};
    made.vswitches.resize(1);
    made.vswitches[0].cidr = base::Prefix::parse("192.168.0.0/26").value();
    made.vswitches[0].prefix_reservations = {base::Prefix::parse("192.168.0.0/27").value()};
    for (auto& instance : made.instances) {
      instance.vswitch = made.vswitches[0].id;
      instance.type = "ecs.g7.large";
    }
    return made;
  }

  std::uint64_t draw(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33U) % limit;
  }

  // Of those that were there a moment ago, so some are gone by now.
  std::string any_eni() {
    if (known_.empty() || draw(6) == 0) {
      known_.clear();
      const json dump = cloud_->dump();
      for (const json& eni : dump["enis"]) {
        known_.push_back(eni["id"]);
      }
    }
    return known_.empty() ? "eni-none" : known_[draw(known_.size())];
  }

  std::string perform(const char* product, const char* name, const Parameters& parameters) {
    const sim::Action action{product, name, "cn-hangzhou", parameters};
    const auto answer = cloud_->perform(action);
    if (const auto* refusal = std::get_if<sim::Refusal>(&answer)) {
      return std::string(name) + " " + refusal->code;
    }
    return std::string(name) + " " + std::get<json>(answer).dump();
  }

  std::string call() {
    const std::string eni = any_eni();
    const std::string instance = node(static_cast<int>(draw(3)) + 1);
    const Parameters pair{{"NetworkInterfaceId", eni}, {"InstanceId", instance}};
    switch (draw(9)) {
      case 0:
        return perform("ecs", "CreateNetworkInterface",
                       {{"VSwitchId", test::vswitch('h')}, {"SecurityGroupId", test::kGroup}});
      case 1:
        return perform("ecs", "AttachNetworkInterface", pair);
      case 2:
        return perform("ecs", "DetachNetworkInterface", pair);
      case 3:
        return perform("ecs", "DeleteNetworkInterface", pair);
      case 4:
        return perform("ecs", "AssignPrivateIpAddresses",
                       {{"NetworkInterfaceId", eni},
                        {draw(3) == 0 ? "Ipv4PrefixCount" : "SecondaryPrivateIpAddressCount",
                         std::to_string(draw(4) + 1)}});
      case 5: {
        const json found = cloud_.eni(eni);
        if (found.is_null()) {
          return "nothing to unassign";
        }
        const json held = found["ipv4"];
        return perform(
            "ecs", "UnassignPrivateIpAddresses",
            {{"NetworkInterfaceId", eni}, {"PrivateIpAddress.1", held[draw(held.size())]}});
      }
      case 6:
        return perform("vpc", "CreateRouteEntry",
                       {{"RouteTableId", table_},
                        {"DestinationCidrBlock", "10.0." + std::to_string(draw(8)) + ".0/24"},
                        {"NextHopId", instance}});
      case 7:
        return perform("vpc", "DeleteRouteEntry",
                       {{"RouteTableId", table_},
                        {"DestinationCidrBlock", "10.0." + std::to_string(draw(8)) + ".0/24"},
                        {"NextHopId", instance}});
      default:
        return perform("ecs", "DescribeNetworkInterfaces", {});
    }
  }

  Cloud cloud_;
  std::string table_ = cloud_.table();
  std::uint64_t state_;
  std::vector<std::string> known_;
};

// What every moment must satisfy, whatever was asked.
void expect_balanced(const json& dump, std::uint64_t seed) {
  std::map<std::string, std::string> held;
  std::map<std::string, int> attached;
  std::set<std::string> macs;
  for (const json& eni : dump["enis"]) {
    const std::string id = eni["id"];
    EXPECT_TRUE(macs.insert(eni["mac"]).second) << "seed " << seed;
    for (const char* key : {"ipv4", "ipv6", "ipv4Prefixes"}) {
      for (const json& address : eni[key]) {
        EXPECT_TRUE(held.emplace(address, id).second) << address << " twice, seed " << seed;
      }
    }
    const bool idle = eni["instance"].get<std::string>().empty();
    EXPECT_LE(eni["ipv4"].size() + eni["ipv4Prefixes"].size(), idle ? 50U : 6U)
        << id << ", seed " << seed;
    EXPECT_EQ(eni["state"] == "Available" || eni["state"] == "Deleting", idle)
        << id << ", seed " << seed;
    attached[eni["instance"]] += idle ? 0 : 1;
  }
  for (const auto& [instance, enis] : attached) {
    EXPECT_LE(enis, 3) << instance << ", seed " << seed;
  }
  const json& vswitch = dump["vswitches"][0];
  std::map<std::string, std::string> booked = vswitch["addresses"];
  for (const auto& [prefix, owner] : vswitch["prefixes"].items()) {
    booked.emplace(prefix, owner);
  }
  EXPECT_EQ(booked, held) << "seed " << seed;
  int ipv4 = 0;
  for (const auto& [address, owner] : vswitch["addresses"].items()) {
    ipv4 += address.find(':') == std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(vswitch["available"], 64 - 32 - 3 - ipv4) << "seed " << seed;
}

TEST(SimChaos, TheBooksBalanceAtAnySeed) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Storm storm(seed);
    for (int part = 0; part < 12; ++part) {
      storm.run(25);
      expect_balanced(storm.cloud()->dump(), seed);
    }
    storm.cloud().settle();
    expect_balanced(storm.cloud()->dump(), seed);
    if (HasFailure()) {
      return;
    }
  }
}

TEST(SimChaos, TheSameSeedTellsTheSameStoryAndAnotherOneAnother) {
  EXPECT_EQ(Storm(7).run(300), Storm(7).run(300));
  EXPECT_NE(Storm(7).run(300), Storm(8).run(300));
}

TEST(SimChaos, TimeInSmallStepsIsTimeInOneStep) {
  sim::Scene scene = sim::default_scene(1);
  Cloud one(scene);
  Cloud two(scene);
  for (Cloud* cloud : {&one, &two}) {
    const std::string eni = cloud->create_eni();
    (*cloud)->advance((*cloud)->answer_after());
    cloud->ok("ecs/AttachNetworkInterface", {{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}});
  }
  one->advance(sim::Millis{20'000});
  for (int i = 0; i < 20'000; i += 70) {
    two->advance(sim::Millis{70});
  }
  two->advance_to(one->now());
  one->advance_to(two->now());
  EXPECT_EQ(one->dump(), two->dump());
}

}  // namespace
}  // namespace catena
