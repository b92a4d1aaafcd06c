// What catena says of a node whose pods are on shared ENIs.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CatenaWithSharedEnis : public testing::Test {
 protected:
  CatenaWithSharedEnis() {
    node.put_addresses("eni-1", {"21", "22"});
    node.put_addresses("eni-2", {"21", "22"});
  }

  // `overrides` of the plugin's keys in the conflist.
  json doctor(const json& overrides = json::object()) const {
    const std::string conf_dir = node.dir() + "/net.d";
    std::filesystem::create_directories(conf_dir);
    const json conflist{
        {"cniVersion", "1.0.0"}, {"name", "net"}, {"plugins", {node.config(overrides)}}};
    EXPECT_TRUE(base::replace_file(conf_dir + "/10-catena.conflist", conflist.dump()).ok());
    EXPECT_TRUE(
        base::replace_file(node.dir() + "/eni.json",
                           R"({"version": "1", "region_id": "cn-hangzhou", "access_key": "LTAI-x",
                               "access_secret": "y"})")
            .ok());
    return catena_json(node.node(), {{"doctor", "--conf-dir", conf_dir, "--bin-dir", bin_dir(),
                                      "--eni-conf", node.dir() + "/eni.json"},
                                     node.state_dir(),
                                     {{"ALIBABA_CLOUD_IMDS_ENDPOINT", "http://127.0.0.1:1"}}});
  }
  json check() const {
    return catena_json(node.node(), {{"ipam", "check", "--deadline", "2"},
                                     node.state_dir(),
                                     {{"ALIBABA_CLOUD_IMDS_ENDPOINT", "http://127.0.0.1:1"}}});
  }

  EniNode node;
  ScratchNetNs pod;
};

TEST_F(CatenaWithSharedEnis, DoctorFindsSourceRoutingInPlace) {
  node.add(pod, "pod-a");
  ScratchNetNs other;
  node.add(other, "pod-b");
  const json report = doctor();
  EXPECT_THAT(findings_about(report, "source routing"),
              ElementsAre(testing::StartsWith("ok: by marks, ")))
      << report.dump(1);
  for (const std::string& text : findings_about(report, "rp_filter")) {
    EXPECT_THAT(text, testing::StartsWith("ok: "));
  }
  EXPECT_THAT(findings_about(report, "conflist"), ElementsAre(HasSubstr("catena-multiip")));
}

TEST_F(CatenaWithSharedEnis, DoctorNamesARuleThatSomebodyRemoved) {
  node.add(pod, "pod-a");
  node.node().sh("ip rule del priority 512");
  const json report = doctor();
  EXPECT_THAT(findings_about(report, "source routing"),
              testing::Contains(testing::AllOf(HasSubstr("bad: "), HasSubstr("512"))));
  EXPECT_EQ(report["good"], false);
}

TEST_F(CatenaWithSharedEnis, PodsOfSharedEnisPassTheCheckOfStoreAndKernel) {
  const std::string address = address_of(node.add(pod, "pod-a"));
  EXPECT_EQ(check()["good"], true) << check().dump(1);
  node.node().sh("ip route del " + address + "/32 table 20200");
  EXPECT_THAT(findings_about(check(), address),
              ElementsAre(HasSubstr("kernel has no route to it")));
}

TEST_F(CatenaWithSharedEnis, EnisHaveTheirSlotsAndStock) {
  node.add(pod, "pod-a");
  const json enis = catena_json(node.node(), {{"eni", "list"}, node.state_dir(), {}});
  ASSERT_EQ(enis.size(), 2U);
  int bound = 0;
  for (const json& eni : enis) {
    EXPECT_GE(eni["slot"], 1);
    EXPECT_TRUE(eni.contains("link")) << eni;
    bound += eni["addresses"].value("bound", 0);
  }
  EXPECT_EQ(bound, 1);
}

TEST_F(CatenaWithSharedEnis, UninstallLeavesNothingOfThemButTheEnis) {
  node.add(pod, "pod-a");
  // The ENIs are not given back: no cloud is there. The kernel's part is done before that.
  const Outcome stopped =
      catena_on(node.node(), {{"uninstall", "--force", "--deadline", "2", "--conf-dir", "/nowhere",
                               "--bin-dir", node.dir()},
                              node.state_dir(),
                              {{"ALIBABA_CLOUD_IMDS_ENDPOINT", "http://127.0.0.1:1"}}});
  EXPECT_EQ(stopped.exit_status, 1);
  EXPECT_THAT(stopped.err, HasSubstr("release eni-1"));
  EXPECT_EQ(node.leftovers(), "");
  EXPECT_TRUE(std::filesystem::exists(node.state_dir() + "/journal"));
  EXPECT_EQ(node.node().sh("ip rule | grep 2020; ip route show table all proto 202"), "");
}

}  // namespace
}  // namespace catena::test
