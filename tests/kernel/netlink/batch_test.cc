// Several requests in one send, and what is said of those that fail.
#include <algorithm>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::batch;
using test::must;
using test::prefix;
using testing::HasSubstr;
using testing::Not;

// The calling thread has no way back: for a thread that ends after this.
base::Status send_as_nobody(Request request) {
  constexpr int kNobody = 65534;
  // Not by libc, which would change every thread of the process.
  if (::syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0) {
    return base::Error::from_errno(errno, "setresuid");
  }
  Socket socket = TRY(Socket::open());
  return socket.send(std::move(request));
}

TEST(Batch, TheThirdOfFiveFailsAndTheOthersAreDone) {
  test::World world;
  const Link& eth0 = world.eth0;
  const base::Status status = world.pod.send(
      batch(add_address(eth0, prefix("10.1.0.1/32")), add_address(eth0, prefix("10.1.0.2/32")),
            add_address(eth0, prefix("10.1.0.1/32")), add_address(eth0, prefix("10.1.0.3/32")),
            add_address(eth0, prefix("10.1.0.4/32"))));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().is(base::ErrorKind::kExists));
  EXPECT_THAT(status.error().message(),
              testing::StartsWith("add address 10.1.0.1/32 dev eth0: File exists"));
  EXPECT_THAT(status.error().message(), Not(HasSubstr("10.1.0.2")));
  EXPECT_THAT(status.error().message(), Not(HasSubstr("10.1.0.3")));
  const auto addresses = must(world.pod.list_addresses(eth0));
  for (const char* text : {"10.1.0.1/32", "10.1.0.2/32", "10.1.0.3/32", "10.1.0.4/32"}) {
    EXPECT_THAT(addresses, testing::Contains(prefix(text)));
  }
}

TEST(Batch, EveryFailureIsNamedAndTheFirstGivesTheKind) {
  test::World world;
  Link absent = world.eth0;
  absent.index = 4711;
  absent.name = "absent";
  const base::Status status = world.pod.send(batch(add_address(world.eth0, prefix("10.1.0.1/32")),
                                                   add_address(world.eth0, prefix("10.1.0.1/32")),
                                                   set_link(absent, {.mtu = 1400})));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().is(base::ErrorKind::kExists));
  EXPECT_THAT(status.error().message(), HasSubstr("add address 10.1.0.1/32 dev eth0: File exists"));
  EXPECT_THAT(status.error().message(), HasSubstr("; set link absent mtu 1400: No such device"));
}

TEST(Batch, TheKernelsOwnWordsAreInTheError) {
  test::World world;
  const base::Status status = world.pod.send(add_route({.destination = prefix("10.9.0.0/16"),
                                                        .if_index = world.eth0.index,
                                                        .if_name = "eth0",
                                                        .gateway = test::ip("192.0.2.1")}));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "add route 10.9.0.0/16 via 192.0.2.1 dev eth0: Network is unreachable "
            "(Nexthop has invalid gateway)");
  EXPECT_EQ(status.error().sys_errno(), ENETUNREACH);
}

TEST(Batch, NothingToSendIsFine) {
  test::Namespaces world;
  must(world.host.send(std::vector<Request>()));
}

TEST(Batch, AThousandRequestsGoOutInPieces) {
  test::World world;
  std::vector<Request> requests;
  for (unsigned i = 0; i < 1000; ++i) {
    const base::IpAddress pod = test::ip("10.2.0.0").plus(i);
    requests.push_back(
        add_route({.destination = base::Prefix::host(pod), .if_index = world.ctn.index}));
  }
  // One in the middle of a later piece is there already.
  must(world.host.send(add_route(
      {.destination = prefix("10.2.2.100/32"), .if_index = world.ctn.index, .table = kMainTable})));
  const base::Status status = world.host.send(std::move(requests));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(), testing::StartsWith("add route 10.2.2.100/32 dev if"));
  EXPECT_THAT(status.error().message(), Not(HasSubstr(";")));
  const std::vector<Route> routes = must(world.host.list_routes());
  EXPECT_EQ(std::ranges::count(routes, 32, [](const Route& r) { return r.destination.length(); }),
            1000);
}

TEST(Batch, SixtyFourAcknowledgementsWithTextsFitTheReceiveBuffer) {
  test::World world;
  for (int round = 0; round < 20; ++round) {
    std::vector<Request> requests;
    requests.reserve(64);
    for (int i = 0; i < 64; ++i) {
      requests.push_back(add_route({.destination = prefix("10.9.0.0/16"),
                                    .if_index = world.eth0.index,
                                    .gateway = test::ip("192.0.2.1")}));
    }
    const base::Status status = world.pod.send(std::move(requests));
    ASSERT_FALSE(status.ok());
    ASSERT_EQ(status.error().sys_errno(), ENETUNREACH) << status.error().text();
  }
  EXPECT_EQ(must(world.pod.find_link("eth0")).index, world.eth0.index);
}

TEST(Batch, WhatDoesNotFitAMessageIsAnErrorBeforeAnythingIsSent) {
  test::World world;
  const base::Status status =
      world.host.send(batch(set_link(world.ctn, {.mtu = 1280}),
                            set_link(world.ctn, {.alias = std::string(100'000, 'x')})));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().sys_errno(), EMSGSIZE);
  EXPECT_EQ(must(world.host.find_link("ctn1a2b")).mtu, test::kHostEnd.mtu);
}

TEST(Batch, WithoutPrivilegesTheAdviceNamesTheCapability) {
  test::World world;
  base::Status status;
  world.host_ns.run([&] { status = send_as_nobody(set_link(world.ctn, {.mtu = 1280})); });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().sys_errno(), EPERM);
  EXPECT_THAT(status.error().advice(), HasSubstr("CAP_NET_ADMIN"));
  EXPECT_EQ(must(world.host.find_link("ctn1a2b")).mtu, test::kHostEnd.mtu);
}

}  // namespace
}  // namespace catena::netlink
