#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::must;

TEST(Stress, EightThreadsMakeAndDeleteFiftyVethsEach) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 50;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&made] {
      test::Namespaces world;
      for (int round = 0; round < kRounds; ++round) {
        const base::Status created =
            world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns));
        ASSERT_TRUE(created.ok()) << created.error().text();
        const base::Result<Link> ctn = world.host.find_link(test::kHostEnd.name);
        ASSERT_TRUE(ctn.ok()) << ctn.error().text();
        const base::Status deleted = world.host.send(delete_link(*ctn));
        ASSERT_TRUE(deleted.ok()) << deleted.error().text();
        ++made;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(made, kThreads * kRounds);
}

// A veth pair within the host's namespace.
base::Status add_pair(test::Namespaces& world, Socket& socket, const std::string& name) {
  return socket.send(create_veth({.name = "a" + name, .mac = test::kHostEnd.mac},
                                 {.name = "b" + name, .mac = test::kPodEnd.mac}, world.host_netns));
}

// Dumps of several datagrams while another thread adds links faster than they are listed.
TEST(Stress, AListThatChangesWhileItIsReadIsReadUntilItIsWhole) {
  constexpr int kStaying = 100;
  constexpr int kMostComing = 2000;
  test::Namespaces world;
  for (int i = 0; i < kStaying; ++i) {
    must(add_pair(world, world.host, std::to_string(i)));
  }
  std::atomic<bool> all_came = false;
  int came = 0;
  std::thread adder([&] {
    Socket socket = must(Socket::open_in(world.host_netns));
    const base::Deadline end(std::chrono::milliseconds(1000));  // less than a list is waited for
    for (; came < kMostComing && !end.passed(); ++came) {
      must(add_pair(world, socket, std::to_string(kStaying + came)));
    }
    all_came = true;
  });
  while (!all_came) {
    const base::Result<std::vector<Link>> links = world.host.list_links();
    EXPECT_TRUE(links.ok()) << links.error().text();
    if (links.ok()) {
      EXPECT_GE(links->size(), 2U * kStaying + 1);
    }
  }
  adder.join();
  EXPECT_EQ(must(world.host.list_links()).size(), 2U * static_cast<unsigned>(kStaying + came) + 1);
}

}  // namespace
}  // namespace catena::netlink
