// The guard comes to be, and comes back, whatever was there before.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <linux/capability.h>
#include <optional>
#include <sstream>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"
#include "tests/support/paths.h"

namespace catena::firewall::test {
namespace {

using base::ErrorKind;
using catena::test::ScratchNetNs;

const Entry kFirst{"ctnaaaaaaaaaaaa", ip("10.1.0.1")};
const Entry kSecond{"ctnbbbbbbbbbbbb", ip("10.1.0.2")};
const Entry kThird{"ctnbbbbbbbbbbbb", ip("fd00:1::2")};

class GuardState : public testing::Test {
 protected:
  void with_table(const std::function<void(Table&)>& work) const {
    netns.run([&work] {
      base::Result<Table> table = Table::open();
      ASSERT_OK(table);
      work(*table);
    });
  }
  void expect_whole(Table& table, const std::vector<Entry>& entries) const {
    EXPECT_TRUE(table.has_guard().value()) << listing();
    std::vector<Entry> found = table.entries().value();
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, entries);
    EXPECT_EQ(rules_in("guard-from-pod"), 3) << listing();
    EXPECT_EQ(rules_in("guard-to-pod"), 3) << listing();
  }
  std::string listing() const { return netns.sh("nft list ruleset"); }
  int rules_in(const std::string& chain) const {
    return std::stoi(netns.sh("nft list chain inet catena " + chain + " | grep -c comment"));
  }

  ScratchNetNs netns;
};

bool kernel_is_at_least(int wanted_major, int wanted_minor) {
  utsname name{};
  int found_major = 0;
  int found_minor = 0;
  return ::uname(&name) == 0 &&
         std::sscanf(name.release, "%d.%d", &found_major, &found_minor) == 2 &&
         (found_major > wanted_major ||
          (found_major == wanted_major && found_minor >= wanted_minor));
}

TEST_F(GuardState, NothingIsThereAtFirstAndAskingChangesNothing) {
  with_table([](Table& table) {
    EXPECT_FALSE(table.has_guard().value());
    EXPECT_FALSE(table.is_entered(kFirst).value());
    EXPECT_TRUE(table.entries().value().empty());
    EXPECT_FALSE(table.is_masqueraded(kFirst.address, {}).value());
  });
  EXPECT_EQ(listing(), "");
}

TEST_F(GuardState, EnsuringTwiceIsEnsuringOnce) {
  with_table([this](Table& table) {
    EXPECT_OK(table.ensure_guard({kFirst}));
    expect_whole(table, {kFirst});
    EXPECT_OK(table.ensure_guard({kFirst, kSecond, kThird}));
    EXPECT_OK(table.ensure_guard());
    expect_whole(table, {kFirst, kSecond, kThird});
  });
}

TEST_F(GuardState, ListingIsWhatTheAdminReads) {
  with_table([](Table& table) { EXPECT_OK(table.ensure_guard({kFirst, kThird})); });
  std::ifstream file(catena::test::source_dir() + "/tests/kernel/firewall/guard.nft");
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(netns.sh("nft list table inet catena"), expected.str());
  EXPECT_NE(netns.sh("nft -j list table inet catena").find("guard-to-pod"), std::string::npos);
  netns.sh("nft list table inet catena > /dev/null && nft list ruleset | nft -c -f -");
}

TEST_F(GuardState, ForgottenEntriesAreGoneAtOnceAndClosingWaitsForNothing) {
  if (!kernel_is_at_least(6, 12)) {
    GTEST_SKIP() << "the times of set elements can be changed from Linux 6.12 on";
  }
  std::vector<double> closings_ms;
  for (int i = 0; i < 5; ++i) {
    netns.run([&closings_ms] {
      auto table = std::make_optional(Table::open().value());
      ASSERT_OK(table->ensure_guard({kFirst, kSecond}));
      ASSERT_OK(table->forget({kFirst, kThird}));
      // A jiffy is 10 ms at the most (CONFIG_HZ=100).
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
      EXPECT_FALSE(table->is_entered(kFirst).value());
      EXPECT_FALSE(table->is_entered(kThird).value()) << "forgetting enters nobody";
      EXPECT_OK(table->leave({kFirst}));
      const auto start = std::chrono::steady_clock::now();
      table.reset();
      closings_ms.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count());
    });
  }
  std::sort(closings_ms.begin(), closings_ms.end());
  EXPECT_LT(closings_ms[2], 3.0) << "closing waited for an RCU grace period";
  with_table([](Table& table) {
    EXPECT_TRUE(table.is_entered(kSecond).value());
    EXPECT_OK(table.enter({kFirst}));
    EXPECT_TRUE(table.is_entered(kFirst).value()) << "it can be entered again";
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  with_table([](Table& table) { EXPECT_TRUE(table.is_entered(kFirst).value()) << "for good"; });
}

TEST_F(GuardState, EntriesAreEnteredAndLeaveOneByOne) {
  with_table([](Table& table) {
    EXPECT_OK(table.ensure_guard());
    EXPECT_OK(table.enter({kFirst, kSecond, kThird}));
    EXPECT_OK(table.enter({kFirst}));
    EXPECT_TRUE(table.is_entered(kFirst).value());
    EXPECT_FALSE(table.is_entered({kSecond.if_name, kFirst.address}).value());
    EXPECT_OK(table.leave({kFirst}));
    EXPECT_FALSE(table.is_entered(kFirst).value());
    EXPECT_TRUE(table.is_entered(kThird).value());
  });
}

TEST_F(GuardState, LeavingGoesOnPastWhatIsGone) {
  with_table([](Table& table) {
    EXPECT_OK(table.leave({kFirst, kThird})) << "no table";
    EXPECT_OK(table.ensure_guard({kSecond, kThird}));
    EXPECT_OK(table.leave({kFirst, kSecond, kFirst, kThird}));
    EXPECT_TRUE(table.entries().value().empty());
    EXPECT_OK(table.leave({kFirst, kSecond, kThird}));
  });
}

TEST_F(GuardState, EnteringWithoutAGuardIsNotFound) {
  with_table([](Table& table) {
    const base::Status entered = table.enter({kFirst});
    ASSERT_FALSE(entered.ok());
    EXPECT_TRUE(entered.error().is(ErrorKind::kNotFound)) << entered.error().text();
    EXPECT_NE(entered.error().message().find("enter ctnaaaaaaaaaaaa . 10.1.0.1"), std::string::npos)
        << entered.error().message();
  });
}

TEST_F(GuardState, AnImpossibleNameIsRefusedAndNothingIsEntered) {
  with_table([this](Table& table) {
    EXPECT_OK(table.ensure_guard());
    EXPECT_FALSE(table.enter({kFirst, {"ctn0123456789abc", kFirst.address}}).ok());
    EXPECT_FALSE(table.enter({kFirst, {"", kFirst.address}}).ok());
    EXPECT_FALSE(table.ensure_guard({{"ctn0123456789abc", kFirst.address}}).ok());
    expect_whole(table, {});
  });
}

TEST_F(GuardState, FiveThousandEntriesAreEnteredAtOnceAndLeaveAtOnce) {
  std::vector<Entry> many;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    many.push_back({"ctn" + std::to_string(100000000000 + i), ip("10.2.0.0").plus(i)});
  }
  with_table([&](Table& table) {
    EXPECT_OK(table.ensure_guard(many));
    expect_whole(table, many);
    EXPECT_OK(table.leave(many));
    EXPECT_OK(table.leave(many));
    expect_whole(table, {});
    EXPECT_OK(table.enter(many));
    expect_whole(table, many);
  });
}

// What somebody did to the ruleset, and what is entered after the guard was ensured again.
struct Damage {
  const char* name;
  const char* command;
  std::vector<Entry> left;
};

class DamagedGuard : public GuardState, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedGuard, IsSeenAndMadeWhole) {
  with_table([this](Table& table) {
    ASSERT_OK(table.ensure_guard({kFirst}));
    netns.sh(GetParam().command);
    EXPECT_FALSE(table.has_guard().value()) << listing();
    EXPECT_OK(table.ensure_guard({kSecond}));
    expect_whole(table, GetParam().left);
  });
}

// Handles: the rules of guard-from-pod come first.
INSTANTIATE_TEST_SUITE_P(
    By, DamagedGuard,
    testing::Values(
        Damage{"FlushedChain", "nft flush chain inet catena guard-from-pod", {kFirst, kSecond}},
        Damage{"FlushedTable", "nft flush table inet catena", {kFirst, kSecond}},
        Damage{"DeletedTable", "nft delete table inet catena", {kSecond}},
        Damage{"FlushedRuleset", "nft flush ruleset", {kSecond}},
        Damage{"DormantTable", "nft add table inet catena '{ flags dormant; }'", {kFirst, kSecond}},
        Damage{
            "DeletedChain",
            "nft flush chain inet catena guard-to-pod; nft delete chain inet catena guard-to-pod",
            {kFirst, kSecond}},
        Damage{"OneRuleDeleted",
               "nft delete rule inet catena guard-to-pod handle $(nft -a list table inet catena | "
               "sed -n 's/.*neighbour.*handle //p' | tail -1)",
               {kFirst, kSecond}},
        Damage{"OneRuleReplaced",
               "nft replace rule inet catena guard-from-pod handle $(nft -a list table inet catena "
               "| sed -n 's/.*@entered4.*handle //p' | head -1) accept",
               {kFirst, kSecond}},
        Damage{
            "AStrangersRule", "nft insert rule inet catena guard-to-pod accept", {kFirst, kSecond}},
        Damage{"ARuleTwice",
               "nft add rule inet catena guard-to-pod 'oifname \"ctn*\" icmpv6 type 133-137 accept "
               "comment \"neighbour discovery #c5f816b6\"'",
               {kFirst, kSecond}}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(GuardState, AChainOfTheSameNameAtAnotherHookIsReported) {
  netns.sh("nft add table inet catena && nft add chain inet catena guard-to-pod");
  with_table([this](Table& table) {
    const base::Status made = table.ensure_guard({kFirst});
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.error().text().find("guard-to-pod"), std::string::npos) << made.error().text();
    EXPECT_FALSE(made.error().advice().empty());
    EXPECT_FALSE(table.has_guard().value());
    EXPECT_TRUE(table.entries().value().empty());
    EXPECT_EQ(listing().find("entered4"), std::string::npos) << "all or nothing";
  });
}

TEST_F(GuardState, TablesOfOthersAreLeftAlone) {
  const std::string theirs =
      "table inet other {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1 }\n\t}\n}\n";
  netns.run([&] { netns.sh("nft -f - <<'END'\n" + theirs + "END"); });
  with_table([](Table& table) {
    EXPECT_OK(table.ensure_guard({kFirst}));
    EXPECT_OK(table.masquerade({kFirst.address}, {}));
    EXPECT_OK(table.leave({kFirst}));
  });
  EXPECT_EQ(netns.sh("nft list table inet other"), theirs);
}

TEST_F(GuardState, WithoutCapNetAdminTheErrorSaysSo) {
  netns.run([] {
    // capset(2) of this thread alone.
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> held{};
    ASSERT_EQ(::syscall(SYS_capget, &header, held.data()), 0);
    held[0].effective &= ~(1U << CAP_NET_ADMIN);
    ASSERT_EQ(::syscall(SYS_capset, &header, held.data()), 0);
    const base::Result<Table> table = Table::open();
    ASSERT_FALSE(table.ok());
    EXPECT_TRUE(table.error().is(ErrorKind::kIo)) << table.error().text();
    EXPECT_NE(table.error().text().find("CAP_NET_ADMIN"), std::string::npos)
        << table.error().text();
  });
}

}  // namespace
}  // namespace catena::firewall::test
