// What catena says of a node with ENIs, beside catena-sim's cloud.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/kernel/agent/sim_nodes.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::milliseconds kLag{30'000};  // of any witness, this machine's load included

class CatenaInTheCloud : public testing::Test {
 protected:
  CatenaInTheCloud() {
    const Outcome grown = sim.agent(1, {"grow", "--ipv4", "3"});
    EXPECT_EQ(grown.exit_status, 0) << grown.err;
    eni = json::parse(grown.out, nullptr, false);
  }

  Outcome catena(const std::vector<std::string>& words) const {
    return catena_on(sim.netns(1), {words, sim.state_dir(1), environment()});
  }
  json as_json(const std::vector<std::string>& words) const {
    return catena_json(sim.netns(1), {words, sim.state_dir(1), environment()});
  }
  SimNodes::Environment environment() const { return sim.environment(); }
  std::string id() const { return eni["eni"]["id"]; }

  SimNodes sim;
  json eni;
};

// The metadata service lags behind the OpenAPI.
TEST_F(CatenaInTheCloud, StoreKernelMetadataAndOpenApiAgreeBeforeLong) {
  json report;
  const base::Deadline deadline(kLag);
  do {
    report = as_json({"ipam", "check"});
  } while (findings_about(report, "ipam").empty() && !deadline.passed());
  EXPECT_EQ(report["good"], true) << report.dump(1);
  EXPECT_THAT(findings_about(report, "ipam"), ElementsAre(HasSubstr("metadata and OpenAPI agree")));
  const json enis = as_json({"eni", "list"});
  ASSERT_EQ(enis.size(), 1U);
  EXPECT_EQ(enis[0]["id"], id());
  EXPECT_TRUE(enis[0].contains("link"));
}

TEST_F(CatenaInTheCloud, DoctorKnowsTheInstanceAndTheCredentials) {
  const json report = as_json({"doctor", "--conf-dir", "/nowhere", "--bin-dir", bin_dir()});
  EXPECT_THAT(findings_about(report, "metadata"), ElementsAre(HasSubstr("ok: this is i-")));
  EXPECT_THAT(findings_about(report, "credentials"), ElementsAre(HasSubstr("ok: of ")));
  EXPECT_THAT(findings_about(report, "catena-agent"), ElementsAre(HasSubstr("ok: ")));
}

TEST_F(CatenaInTheCloud, AnAddressThatSomebodyTookAwayInTheConsoleIsNamed) {
  // Not the primary one, which stays.
  const bool first_is_primary = eni["addresses"][0] == eni["eni"]["address"];
  const std::string address = eni["addresses"][first_is_primary ? 1 : 0];
  const Outcome taken = sim.ctl({"unassign", "eni=" + id(), "address=" + address});
  ASSERT_EQ(taken.exit_status, 0) << taken.out << taken.err;
  json report;
  const base::Deadline deadline(kLag);
  do {
    report = as_json({"ipam", "check"});
  } while (findings_about(report, address).size() < 2 && !deadline.passed());
  EXPECT_THAT(findings_about(report, address),
              testing::UnorderedElementsAre(HasSubstr("the metadata service does not"),
                                            HasSubstr("the OpenAPI does not")));
}

TEST_F(CatenaInTheCloud, UninstallGivesTheEniBack) {
  const auto bin = std::filesystem::path(sim.state_dir(1)).parent_path() / "bin";
  std::filesystem::create_directories(bin);
  const Outcome installed = catena({"install", "--from", bin_dir(), "--bin-dir", bin});
  ASSERT_EQ(installed.exit_status, 0) << installed.err;
  const Outcome done = catena({"uninstall", "--conf-dir", "/nowhere", "--bin-dir", bin});
  EXPECT_EQ(done.exit_status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("release " + id() + " and delete it"));
  EXPECT_FALSE(std::filesystem::exists(sim.state_dir(1)));
  EXPECT_TRUE(std::filesystem::is_empty(bin));
  const Outcome described = sim.agent(1, {"describe"});
  EXPECT_EQ(json::parse(described.out, nullptr, false)["enis"].size(), 1U) << described.out;
}

}  // namespace
}  // namespace catena::test
