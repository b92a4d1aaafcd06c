// Forbidden packets by the thousand while the rules are written and the program is killed.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/unique_fd.h"
#include "common/netpol/rules_json.h"
#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/xtables/scene.h"
#include "tests/support/paths.h"

namespace catena::xtables::test {
namespace {

constexpr std::uint16_t kDiscard = 9;
constexpr std::uint64_t kShare = 300'000;
constexpr std::uint64_t kFull = 3'000'000;

std::uint64_t packets_to_send() { return std::getenv("CATENA_FULL") == nullptr ? kShare : kFull; }

sockaddr_in at(const base::IpAddress& address) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(kDiscard);
  std::memcpy(&made.sin_addr, address.data(), address.size());
  return made;
}

base::UniqueFd socket_in(const Place& place) {
  base::UniqueFd fd;
  place.netns.run([&] {
    fd.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in own = at(place.v4);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)), 0);
  });
  return fd;
}

// From outside to the discard port of pod A, as fast as it goes, until so many are sent.
class Flood {
 public:
  explicit Flood(const Scene& scene)
      : receiver_(socket_in(scene.pod_a)),
        sender_(socket_in(scene.outside)),
        thread_([this, to = at(scene.pod_a.v4)] { work(to); }) {}
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  Flood(Flood&&) = delete;
  Flood& operator=(Flood&&) = delete;
  ~Flood() { thread_.join(); }

  bool goes_on() const { return sent_ < packets_to_send(); }
  std::uint64_t sent() const { return sent_; }
  int arrived() const {
    int count = 0;
    char byte = 0;
    while (::recv(receiver_.get(), &byte, 1, MSG_DONTWAIT) >= 0) {
      ++count;
    }
    return count;
  }

 private:
  void work(const sockaddr_in& to) {
    while (goes_on()) {
      ::sendto(sender_.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
      ++sent_;
    }
  }

  base::UniqueFd receiver_;
  base::UniqueFd sender_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::thread thread_;
};

// As only_b_to_a, but in other chains, with other sets and among many other subjects.
netpol::Rules another_way(const Scene& scene) {
  netpol::Rules rules;
  add_chain(rules, "p-in-other", add_peers(rules, "b", {&scene.pod_b, &scene.node}), kOther);
  add_chain(rules, "p-in-more", add_peers(rules, "c", {&scene.node}));
  for (int i = 0; i < 100; ++i) {
    netpol::Subject other;
    other.addresses = {ip("10.1.0.10").plus(static_cast<std::uint64_t>(i))};
    other.ingress.emplace();
    rules.subjects["other" + std::to_string(i)] = other;
  }
  netpol::Subject subject = subject_of(scene.pod_a);
  subject.ingress = {"p-in-more", "p-in-other"};
  subject.egress.emplace();
  rules.subjects["a"] = subject;
  return rules;
}

TEST(XtablesRewriting, NoForbiddenPacketPassesWhileRulesAreRewritten) {
  const Scene scene;
  const std::vector<netpol::Rules> models{only_b_to_a(scene), another_way(scene)};
  ASSERT_OK(scene.sync(models[0]));
  std::size_t rewritten = 0;
  const Flood flood(scene);
  while (flood.goes_on()) {
    ASSERT_OK(scene.sync(models[++rewritten % 2]));
  }
  EXPECT_EQ(flood.arrived(), 0);
  std::printf("%zu rewrites, %lu packets\n", rewritten, flood.sent());
}

TEST(XtablesRewriting, NorWhereItIsKilledAtAnyMoment) {
  const Scene scene;
  const std::vector<netpol::Rules> models{only_b_to_a(scene), another_way(scene)};
  std::vector<std::string> texts;
  for (const netpol::Rules& model : models) {
    texts.push_back(base::print_json(netpol::to_json(model)));
  }
  ASSERT_OK(scene.sync(models[0]));
  std::size_t runs = 0;
  std::size_t killed = 0;
  {
    const Flood flood(scene);
    while (flood.goes_on()) {
      ++runs;
      // The program takes some 10 ms.
      const auto after = std::chrono::milliseconds(1 + runs % 15);
      const auto outcome = catena::test::run_process(
          {catena::test::bin_dir() + "/catena-xtables", "apply"},
          {.input = texts[runs % 2], .netns_fd = scene.node.netns.fd(), .patience = after});
      killed += outcome.exit_status == 0 ? 0 : 1;
    }
    EXPECT_EQ(flood.arrived(), 0);
  }
  EXPECT_GT(killed, 0U);
  std::printf("%zu of %zu runs were killed\n", killed, runs);
  ASSERT_OK(scene.sync(models[1]));
  EXPECT_THAT(scene.differences(models[1]), testing::IsEmpty());
}

}  // namespace
}  // namespace catena::xtables::test
