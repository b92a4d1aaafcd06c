// What Table keeps in nf_tables for marks; where marked packets go is tried in
// tests/kernel/enilink.
#include "common/firewall/marks.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "common/firewall/read.h"
#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using catena::test::ScratchNetNs;

const MarkSettings kMarks;

class Marks : public testing::Test {
 protected:
  // In the namespace, with a Table of its own.
  void at(const std::function<void(Table&)>& work) const {
    netns.run([&work] {
      base::Result<Table> table = Table::open();
      ASSERT_OK(table);
      work(*table);
    });
  }
  std::vector<Marked> marked() const {
    std::vector<Marked> all;
    at([&all](Table& table) { all = table.marked().value(); });
    std::sort(all.begin(), all.end());
    return all;
  }

  ScratchNetNs netns;
  base::IpAddress pod4 = ip("10.1.0.1");
  base::IpAddress pod6 = ip("fd00:1::1");
};

TEST_F(Marks, AreThereOnceEnsured) {
  at([](Table& table) {
    EXPECT_FALSE(table.has_marks(kMarks).value());
    EXPECT_OK(table.ensure_marks(kMarks));
    EXPECT_TRUE(table.has_marks(kMarks).value());
    EXPECT_FALSE(table.has_marks({0x00ff0000}).value()) << "another mask";
    EXPECT_OK(table.ensure_marks(kMarks));
  });
  EXPECT_TRUE(marked().empty());
}

TEST_F(Marks, APodHasOneSlotTheLastOne) {
  at([&](Table& table) {
    EXPECT_OK(table.mark({pod4, pod6}, 7, kMarks));
    EXPECT_TRUE(table.is_marked({pod4, 7}, kMarks).value());
    EXPECT_OK(table.mark({pod4}, 8, kMarks));
    EXPECT_FALSE(table.is_marked({pod4, 7}, kMarks).value());
    EXPECT_TRUE(table.is_marked({pod4, 8}, kMarks).value());
  });
  EXPECT_EQ(marked(), (std::vector<Marked>{{pod4, 8}, {pod6, 7}}));
}

TEST_F(Marks, MarkingAgainChangesNothing) {
  at([&](Table& table) { EXPECT_OK(table.mark({pod4, pod6}, 254, kMarks)); });
  const std::string before = netns.sh("nft -a list ruleset");
  at([&](Table& table) { EXPECT_OK(table.mark({pod4, pod6}, 254, kMarks)); });
  EXPECT_EQ(netns.sh("nft -a list ruleset"), before);
}

TEST_F(Marks, AnAdmittedPodHasItsMarkBehindAStandingGuardInOneTransaction) {
  const Admission pod{
      .entries = {{"ctn0", pod4}, {"ctn0", pod6}}, .addresses = {pod4, pod6}, .slot = 9};
  const auto is_whole = [&](Table& table) {
    EXPECT_TRUE(table.has_guard().value());
    EXPECT_TRUE(table.is_entered({"ctn0", pod6}).value());
    EXPECT_TRUE(table.is_marked({pod4, 9}, kMarks).value());
    EXPECT_TRUE(table.is_marked({pod6, 9}, kMarks).value());
  };
  at([&](Table& table) {
    const auto socket = open_socket();
    ASSERT_OK(socket);
    const std::uint32_t before = generation(socket->get()).value();
    EXPECT_OK(table.admit(pod, kMarks));
    EXPECT_EQ(generation(socket->get()).value(), before + 1);
    is_whole(table);
    netns.sh("nft flush chain inet catena guard-to-pod; nft flush chain inet catena slot-9");
    EXPECT_OK(table.admit(pod, kMarks));
    is_whole(table);
  });
}

TEST_F(Marks, UnmarkingIsSuccessWhateverIsThere) {
  at([&](Table& table) {
    EXPECT_OK(table.unmark({pod4, pod6}));
    EXPECT_OK(table.forget_marks({pod4}));
    EXPECT_OK(table.mark({pod4, pod6}, 1, kMarks));
    EXPECT_OK(table.unmark({pod4}));
    EXPECT_OK(table.unmark({pod4}));
  });
  EXPECT_EQ(marked(), (std::vector<Marked>{{pod6, 1}}));
}

TEST_F(Marks, WhatIsForgottenGoesByItselfAndCanBeMarkedAtOnce) {
  at([&](Table& table) {
    EXPECT_OK(table.mark({pod4, pod6}, 1, kMarks));
    EXPECT_OK(table.forget_marks({pod4, pod6}));
    EXPECT_OK(table.mark({pod6}, 1, kMarks));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  at([&](Table& table) {
    EXPECT_FALSE(table.is_marked({pod4, 1}, kMarks).value());
    EXPECT_TRUE(table.is_marked({pod6, 1}, kMarks).value()) << "the new pod's mark went too";
    EXPECT_OK(table.unmark({pod4, pod6}));
  });
}

TEST_F(Marks, NftPrintsThem) {
  at([&](Table& table) { EXPECT_OK(table.mark({pod4, pod6}, 3, kMarks)); });
  const std::string text = netns.sh("nft list table inet catena");
  for (const char* line :
       {"elements = { 10.1.0.1 : goto slot-3 }", "elements = { fd00:1::1 : goto slot-3 }",
        "ct mark & 0x0ff00000 vmap @slots", "0x00300000 : goto slot-3",
        "iifname \"ctn*\" ip saddr vmap @mark4", "0x0ff00000 : accept"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nis not in\n" << text;
  }
}

TEST_F(Marks, WhatSomebodyTookAwayIsBackAfterTheNextPod) {
  for (const char* loss :
       {"nft flush chain inet catena marks", "nft flush chain inet catena slot-3",
        "nft flush map inet catena slots", "nft delete table inet catena",
        "nft insert rule inet catena marks accept", "nft flush ruleset"}) {
    at([&](Table& table) { EXPECT_OK(table.mark({pod4}, 3, kMarks)); });
    netns.sh(loss);
    at([&](Table& table) {
      EXPECT_FALSE(table.is_marked({pod4, 3}, kMarks).value()) << loss;
      EXPECT_OK(table.mark({pod4}, 3, kMarks));
      EXPECT_TRUE(table.is_marked({pod4, 3}, kMarks).value()) << loss;
    });
  }
}

TEST_F(Marks, AnotherMaskTakesOver) {
  const MarkSettings other{0x00ff0000};
  at([&](Table& table) {
    EXPECT_OK(table.mark({pod4}, 3, kMarks));
    EXPECT_OK(table.mark({pod4}, 3, other));
    EXPECT_TRUE(table.is_marked({pod4, 3}, other).value());
    EXPECT_FALSE(table.has_marks(kMarks).value());
  });
}

TEST_F(Marks, TheProbeLeavesNothing) {
  at([](Table& table) { EXPECT_OK(table.can_mark()); });
  EXPECT_EQ(netns.sh("nft list ruleset"), "");
}

TEST_F(Marks, ThirtyTwoAtOnceMarkThirtyTwo) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([this, i] {
      at([i](Table& table) {
        EXPECT_OK(
            table.mark({ip("10.1.0.0").plus(static_cast<std::uint64_t>(i))}, 1 + i % 4, kMarks));
      });
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(marked().size(), 32U);
  at([](Table& table) {
    EXPECT_TRUE(table.has_marks(kMarks).value());
    EXPECT_TRUE(table.is_marked({ip("10.1.0.3"), 4}, kMarks).value());
  });
}

TEST(MarkMask, EightContiguousBitsOfNobodyElse) {
  EXPECT_EQ(MarkSettings::from_mask(0x0ff00000).value().mask, 0x0ff00000U);
  EXPECT_EQ(MarkSettings::from_mask(0xff000000).value().mask, 0xff000000U);
  EXPECT_EQ(MarkSettings::from_mask(0xffff0000).value().value_of(5), 0x00050000U);
  EXPECT_EQ(kMarks.value_of(255), 0x0ff00000U);
  EXPECT_EQ(kMarks.slot_of(0xf0312345), 3U);
  struct Case {
    std::uint32_t mask;
    const char* says;
  };
  for (const Case& one : {Case{0, "room for 0 ENIs"}, Case{0x00f00000, "room for 14 ENIs"},
                          Case{0x0ff0000f, "room for 14 ENIs"}, Case{0x10000000, "room for 0 ENIs"},
                          Case{0x10ff0000, "not of one piece"}, Case{0x0000ff00, "kube-proxy"}}) {
    const base::Result<MarkSettings> refused = MarkSettings::from_mask(one.mask);
    ASSERT_FALSE(refused.ok()) << one.says;
    EXPECT_TRUE(refused.error().is(base::ErrorKind::kBadConfig));
    EXPECT_NE(refused.error().text().find(one.says), std::string::npos) << refused.error().text();
  }
}

}  // namespace
}  // namespace catena::firewall::test
