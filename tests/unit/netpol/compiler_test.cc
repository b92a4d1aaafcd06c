// Change by change the same as from nothing, and no more than a change needs.
#include "common/netpol/compiler.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/netpol/names.h"
#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(Compiler, ALabelOfAPeerIsOneMemberOfASet) {
  Scene scene;
  scene.space("x").pod("x/a", {"10.0.0.1"}, R"({"pod":"a"})");
  scene.far_pod("x/b", {"10.0.0.2"}, R"({"pod":"b"})");
  scene.policy("x/p", R"({"podSelector":{"matchLabels":{"pod":"a"}},"ingress":[
      {"from":[{"podSelector":{"matchLabels":{"pod":"b"}}}],"ports":[{"port":80},{"port":90}]}]})");
  scene.compiler().take_changes();
  scene.patch("x/b", R"({"metadata":{"labels":{"pod":"c"}}})");
  const Changes changes = scene.compiler().take_changes();
  ASSERT_THAT(changes.members, SizeIs(1));
  EXPECT_THAT(changes.members.begin()->second.removed.addresses, SizeIs(1));
  EXPECT_THAT(changes.chains, IsEmpty());
  EXPECT_THAT(changes.subjects, IsEmpty());
  EXPECT_THAT(changes.new_sets, IsEmpty());
}

TEST(Compiler, WhatNoPodOfThisNodeNeedsIsNotCompiled) {
  Scene scene;
  scene.space("x").far_pod("x/a", {"10.0.0.1"});
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]})");
  EXPECT_EQ(scene.compiler().rules(), Rules());
  scene.pod("x/b", {"10.0.0.2"});
  EXPECT_THAT(scene.compiler().rules().sets, SizeIs(1));
  scene.compiler().remove_local("xb");
  EXPECT_EQ(scene.compiler().rules(), Rules());
}

TEST(Compiler, EqualPeersShareASetAndPoliciesChains) {
  Scene scene;
  scene.space("x").pod("x/a", {"10.0.0.1"}).pod("x/b", {"10.0.0.2"});
  for (const char* name : {"x/p", "x/q"}) {
    scene.policy(name, R"({"podSelector":{},"policyTypes":["Ingress","Egress"],
        "ingress":[{"from":[{"podSelector":{}}]}],"egress":[{"to":[{"podSelector":{}}]}]})");
  }
  EXPECT_THAT(scene.compiler().rules().sets, SizeIs(1));
  EXPECT_THAT(scene.compiler().rules().chains, SizeIs(4));
}

TEST(Compiler, WhatIsEqualChangesNothing) {
  Scene scene;
  scene.space("x").pod("x/a", {"10.0.0.1"}).policy("x/p", R"({"podSelector":{},"ingress":[{}]})");
  scene.compiler().take_changes();
  scene.space("x").pod("x/a", {"10.0.0.1"}).policy("x/p", R"({"podSelector":{},"ingress":[{}]})");
  EXPECT_TRUE(scene.compiler().take_changes().empty());
}

TEST(Compiler, APodOfTheNodeThatGetsAnotherNamespaceLeavesItsOldPolicies) {
  Scene scene;
  scene.space("x").space("y").pod("x/a", {"10.0.0.1"}).far_pod("y/a", {"10.0.0.2"});
  scene.policy("x/p", R"({"podSelector":{}})");
  scene.compiler().rules();
  scene.compiler().put(LocalPod{.id = "xa", .space = "y", .name = "a"});
  EXPECT_THAT(scene.compiler().rules().chains, IsEmpty());
  EXPECT_FALSE(scene.compiler().rules().subjects.at("xa").ingress.has_value());
}

TEST(Compiler, TwoPodsWithOneAddressLeaveASetOneByOne) {
  Scene scene;
  scene.space("x").pod("x/a", {"10.0.0.1"}).far_pod("x/old", {"10.0.0.2"});
  scene.far_pod("x/new", {"10.0.0.2"});
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]})");
  scene.compiler().remove_pod({"x", "old"});
  EXPECT_TRUE(scene.reaches("10.0.0.2", "x/a"));
  scene.compiler().remove_pod({"x", "new"});
  EXPECT_FALSE(scene.reaches("10.0.0.2", "x/a"));
}

TEST(Names, TwoTextsNeverHaveOne) {
  Names names;
  const std::string first = names.take("s4-", "one");
  EXPECT_EQ(first.size(), 19U);
  EXPECT_EQ(names.take("s4-", "one"), first);
  EXPECT_NE(names.take("s4-", "two"), first);
  names.give_back(first);
  EXPECT_EQ(names.take("s4-", "one"), first);
}

// A small world, so that things meet: two namespaces, four names, few labels and addresses.
class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {}

  // The same change for all.
  void step(const std::vector<Compiler*>& compilers) {
    const std::size_t what = below(10);
    const Key key{pick({"x", "y"}), pick({"a", "b", "c", "d"})};
    const bool removes = below(4) == 0;
    Policy policy = some_policy(key);
    Pod pod = some_pod(key);
    const Namespace space{.name = key.first, .labels = some_labels()};
    const LocalPod local = some_local(key);
    for (Compiler* compiler : compilers) {
      if (what < 3) {
        removes ? compiler->remove_policy(key) : compiler->put(policy);
      } else if (what < 6) {
        removes ? compiler->remove_pod(key) : compiler->put(pod);
      } else if (what < 7) {
        removes ? compiler->remove_namespace(key.first) : compiler->put(space);
      } else {
        put_local(*compiler, local, removes);
      }
    }
  }

  // All of `from` put into a new one.
  Compiler from_nothing(const Compiler& from) const {
    Compiler made;
    for (const auto& [id, local] : locals_) {
      made.put(local);
    }
    for (const auto& [key, pod] : from.pods()) {
      made.put(pod);
    }
    for (const auto& [name, space] : from.namespaces()) {
      made.put(space);
    }
    for (const auto& [key, policy] : from.policies()) {
      made.put(policy);
    }
    return made;
  }

 private:
  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  std::string pick(const std::vector<std::string>& of) { return of[below(of.size())]; }

  void put_local(Compiler& compiler, const LocalPod& local, bool removes) {
    if (removes) {
      compiler.remove_local(local.id);
      locals_.erase(local.id);
    } else {
      compiler.put(local);
      locals_.insert_or_assign(local.id, local);
    }
  }

  Labels some_labels() {
    Labels labels;
    for (const char* key : {"k", "l"}) {
      if (below(3) != 0) {
        labels[key] = pick({"1", "2"});
      }
    }
    return labels;
  }

  Selector some_selector() {
    Selector selector;
    if (below(2) == 0) {
      const auto op = static_cast<Requirement::Operator>(below(4));
      const bool has_values =
          op == Requirement::Operator::kIn || op == Requirement::Operator::kNotIn;
      selector.requirements.push_back({.key = pick({"k", "l"}),
                                       .op = op,
                                       .values = has_values
                                                     ? std::vector<std::string>{pick({"1", "2"})}
                                                     : std::vector<std::string>()});
    }
    return selector;
  }

  base::IpAddress some_address() {
    return ip(pick({"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2"}));
  }

  Peer some_peer() {
    Peer peer;
    const std::size_t kind = below(4);
    if (kind == 0) {
      peer.block = IpBlock{.cidr = base::Prefix::host(some_address()), .except = {}};
      return peer;
    }
    if (kind != 1) {
      peer.namespaces = some_selector();
    }
    if (kind != 2) {
      peer.pods = some_selector();
    }
    return peer;
  }

  Port some_port() {
    Port port{.protocol = below(2) == 0 ? std::uint8_t{IPPROTO_TCP} : std::uint8_t{IPPROTO_UDP}};
    if (below(2) == 0) {
      port.name = pick({"web", "dns"});
    } else if (below(3) != 0) {
      port.first = static_cast<std::uint16_t>(80 + below(3));
      port.last = static_cast<std::uint16_t>(port.first + below(2));
    }
    return port;
  }

  std::optional<std::vector<PolicyRule>> some_rules() {
    if (below(3) == 0) {
      return std::nullopt;
    }
    std::vector<PolicyRule> rules(below(3));
    for (PolicyRule& rule : rules) {
      for (std::size_t count = below(3); count > 0; --count) {
        rule.peers.push_back(some_peer());
      }
      for (std::size_t count = below(3); count > 0; --count) {
        rule.ports.push_back(some_port());
      }
    }
    return rules;
  }

  Policy some_policy(const Key& key) {
    return {.space = key.first,
            .name = key.second,
            .pods = some_selector(),
            .ingress = some_rules(),
            .egress = some_rules()};
  }

  Pod some_pod(const Key& key) {
    Pod pod{.space = key.first, .name = key.second, .uid = pick({"1", "2"})};
    pod.labels = some_labels();
    if (below(4) != 0) {
      pod.addresses = {some_address()};
    }
    if (below(2) == 0) {
      pod.ports = {{.name = pick({"web", "dns"}),
                    .protocol = IPPROTO_TCP,
                    .port = static_cast<std::uint16_t>(80 + below(3))}};
    }
    pod.ignored = below(6) == 0;
    return pod;
  }

  LocalPod some_local(const Key& key) {
    return {.id = pick({"1", "2", "3"}),
            .space = key.first,
            .name = key.second,
            .uid = pick({"", "1", "2"}),
            .addresses = {some_address()},
            .closed_while_unknown = below(2) == 0};
  }

  std::mt19937 random_;
  std::map<std::string, LocalPod> locals_;
};

TEST(Compiler, ChangeByChangeItIsTheSameAsFromNothing) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    World world(seed);
    Compiler compiler;
    Rules known;
    for (int step = 0; step < 100; ++step) {
      world.step({&compiler});
      if (step % 3 == 2) {
        continue;  // several at once
      }
      known = applied(known, compiler.take_changes());
      ASSERT_EQ(known, compiler.rules()) << "seed " << seed << " step " << step;
      ASSERT_EQ(world.from_nothing(compiler).rules(), known) << "seed " << seed << " step " << step;
      ASSERT_TRUE(compiler.take_changes().empty());
    }
  }
}

}  // namespace
}  // namespace catena::netpol
