#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/findings.h"

namespace catena::test {
namespace {

using cli::Verdict;

TEST(Columns, AreAsWideAsTheirWidestCell) {
  cli::Columns columns({"A", "LONG", "B"});
  columns.add({"1.2.3.4", "", "x"});
  columns.add({"5", "6", ""});
  EXPECT_EQ(columns.text(),
            "A        LONG  B\n"
            "1.2.3.4  -     x\n"
            "5        6     -\n");
}

TEST(Findings, OnlyBadOnesMakeTheReportBad) {
  cli::Findings findings{cli::good("a", "fine"),
                         {"b", Verdict::kWarning, "hm", "do this"},
                         {"c", Verdict::kUnknown, "dark", ""}};
  const cli::Report fine = report_of(findings);
  EXPECT_TRUE(fine.good);
  EXPECT_EQ(fine.text,
            "ok       a: fine\n"
            "warning  b: hm\n"
            "         -> do this\n"
            "unknown  c: dark\n");
  findings.push_back({"d", Verdict::kBad, "no", ""});
  const cli::Report bad = report_of(findings);
  EXPECT_FALSE(bad.good);
  const auto json = nlohmann::json::parse(bad.json);
  EXPECT_EQ(json["good"], false);
  EXPECT_EQ(json["findings"][1]["advice"], "do this");
  EXPECT_EQ(json["findings"][3]["verdict"], "bad");
}

}  // namespace
}  // namespace catena::test
