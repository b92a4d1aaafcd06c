#include <filesystem>
#include <sys/mount.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kPlugin[] = "catena-vpc-route";

struct BadConfig {
  const char* name;
  const char* overrides;
  int code;
  std::vector<const char*> says;
};

void PrintTo(const BadConfig& bad, std::ostream* out) { *out << bad.name; }

class AddRefuses : public testing::TestWithParam<BadConfig> {};

TEST_P(AddRefuses, WithTheKeyAndTheReasonAndNothingHalfMade) {
  const BadConfig& bad = GetParam();
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer answer = node.call(
      {.command = "ADD", .netns = pod.path(), .config = node.config(json::parse(bad.overrides))});
  EXPECT_EQ(answer.process.exit_status, 1);
  EXPECT_EQ(answer.code(), bad.code) << answer.process.out;
  for (const char* word : bad.says) {
    EXPECT_THAT(answer.message() + answer.json.value("details", std::string()), HasSubstr(word));
  }
  EXPECT_THAT(node.leftovers(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(node.state_dir()));
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, AddRefuses,
    testing::Values(
        BadConfig{"UnknownKey", R"({"colour": "red"})", 7, {"colour"}},
        BadConfig{"NearMiss", R"({"mtuu": 1500})", 7, {"mtuu", "mtu"}},
        BadConfig{"WrongCase", R"({"podcidrs": ["172.30.1.0/24"]})", 7, {"podcidrs", "podCIDRs"}},
        BadConfig{"NoRange", R"({"podCIDRs": null})", 7, {"podCIDRs"}},
        BadConfig{
            "BothKindsOfRange", R"({"ranges": [[{"subnet": "172.30.2.0/24"}]]})", 7, {"ranges"}},
        BadConfig{"RangeIsNoPrefix", R"({"podCIDRs": ["172.30.1.0"]})", 7, {"podCIDRs[0]"}},
        BadConfig{"RangeHasHostBits", R"({"podCIDRs": ["172.30.1.7/24"]})", 7, {"172.30.1.7/24"}},
        BadConfig{"MtuIsText", R"({"mtu": "1500"})", 7, {"mtu", "1500"}},
        BadConfig{"MtuTooSmall", R"({"mtu": 10})", 7, {"mtu", "68"}},
        BadConfig{"MtuTooSmallForIpv6",
                  R"({"mtu": 1000, "podCIDRs": ["fd00:30:1::/64"]})",
                  7,
                  {"mtu", "1280"}},
        BadConfig{"MtuIsFractional", R"({"mtu": 1500.5})", 7, {"mtu"}},
        BadConfig{"ForwardingIsUnknownWord",
                  R"({"forwarding": "maybe"})",
                  7,
                  {"forwarding", "ensure", "check"}},
        BadConfig{"BooleanIsText", R"({"masquerade": "yes"})", 7, {"masquerade"}},
        BadConfig{"StateDirIsRelative", R"({"stateDir": "var"})", 7, {"stateDir"}},
        BadConfig{"CoolingIsNegative", R"({"coolSeconds": -1})", 7, {"coolSeconds"}},
        BadConfig{"RouteOfAnotherFamily", R"({"routes": ["fd00::/8"]})", 7, {"routes"}},
        BadConfig{"NameMissing", R"({"name": null})", 7, {"name"}},
        BadConfig{"VersionOfTheFuture", R"({"cniVersion": "9.0.0"})", 1, {"9.0.0"}},
        BadConfig{"NodeInterfaceMissing",
                  R"({"nodeInterface": "nope0"})",
                  7,
                  {"nodeInterface", "nope0"}}),
    [](const auto& damage) { return damage.param.name; });

TEST(BadInput, NotJsonIsCode6) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  for (const char* text : {"{", "[]", "null", "\"x\"", "{\"name\": }", "\xff\xfe"}) {
    const Answer answer = node.call({.command = "ADD", .netns = pod.path(), .raw_input = text});
    EXPECT_EQ(answer.code(), 6) << text << answer.process.out;
  }
}

TEST(BadInput, TenMegabytesOfJsonIsCode6) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  json config = node.config();
  config["x"] = std::string(10'000'000, 'x');
  const Answer answer = node.call({.command = "ADD", .netns = pod.path(), .config = config});
  EXPECT_EQ(answer.code(), 6) << answer.process.out.substr(0, 300);
  EXPECT_LT(answer.process.out.size(), 2000U);
}

TEST(BadInput, OwnNamespaceIsRefusedBeforeAnythingIsDone) {
  const TestNode node(kPlugin);
  for (const char* command : {"ADD", "DEL"}) {
    const Answer answer =
        node.call({.command = command, .netns = node.node.path(), .config = node.config()});
    EXPECT_EQ(answer.code(), 8) << answer.process.out;
  }
  EXPECT_FALSE(std::filesystem::exists(node.state_dir()));
}

TEST(BadInput, NamespaceThatIsNoneIsRefused) {
  const TestNode node(kPlugin);
  node.node.sh("echo text > " + node.dir() + "/file");
  const Answer file =
      node.call({.command = "ADD", .netns = node.dir() + "/file", .config = node.config()});
  EXPECT_EQ(file.code(), 8) << file.process.out;
  const Answer missing =
      node.call({.command = "ADD", .netns = node.dir() + "/missing", .config = node.config()});
  EXPECT_FALSE(missing.ok());
  EXPECT_THAT(missing.message(), HasSubstr("/missing"));
}

TEST(BadInput, ExhaustedRangeIsCode11AndNamesTheRange) {
  const TestNode node(kPlugin);
  const ScratchNetNs a;
  const ScratchNetNs b;
  const json tiny = {{"podCIDRs", nullptr},
                     {"ranges", {{{{"subnet", "172.30.1.0/30"}, {"rangeEnd", "172.30.1.1"}}}}}};
  node.add(a, "pod-a", tiny);
  const Answer answer = node.call(
      {.command = "ADD", .container_id = "pod-b", .netns = b.path(), .config = node.config(tiny)});
  EXPECT_EQ(answer.code(), 11);
  EXPECT_THAT(answer.message(), HasSubstr("172.30.1.0/30"));
  EXPECT_FALSE(b.sh_ok("ip link show eth0"));
}

// A file system of its own at the node's stateDir, gone with the test.
class SmallDisk {
 public:
  SmallDisk(const std::string& path, const std::string& options) : path_(path) {
    std::filesystem::create_directories(path);
    EXPECT_EQ(::mount("catena-test", path.c_str(), "tmpfs", 0, options.c_str()), 0);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  SmallDisk(SmallDisk&&) = delete;
  SmallDisk& operator=(SmallDisk&&) = delete;
  ~SmallDisk() { ::umount2(path_.c_str(), MNT_DETACH); }

 private:
  std::string path_;
};

TEST(BadInput, FullDiskIsCode11AndNothingIsHalfMade) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const SmallDisk disk(node.state_dir(), "size=64k");
  node.node.sh("head -c 65536 /dev/zero > " + node.state_dir() + "/filler 2>/dev/null; true");
  const Answer full = node.call({.command = "ADD", .netns = pod.path(), .config = node.config()});
  EXPECT_EQ(full.code(), 11) << full.process.out;
  EXPECT_THAT(full.message(), HasSubstr("No space left"));
  EXPECT_THAT(node.leftovers(), IsEmpty());
  EXPECT_FALSE(pod.sh_ok("ip link show eth0"));
}

TEST(BadInput, DiskThatFillsUpKeepsPodsAndTheirRecords) {
  const TestNode node(kPlugin);
  const ScratchNetNs a;
  const ScratchNetNs b;
  const SmallDisk disk(node.state_dir(), "size=4m");
  const Answer added = node.add(a, "pod-a");
  node.node.sh("cat /dev/zero > " + node.state_dir() + "/filler 2>/dev/null; true");
  // The last page of the journal still has room, so fill it up too.
  Answer full;
  for (int i = 0; i < 64 && full.process.exit_status != 1; ++i) {
    const ScratchNetNs pod;
    full = node.call({.command = "ADD",
                      .container_id = "pod-" + std::to_string(i),
                      .netns = pod.path(),
                      .config = node.config()});
  }
  EXPECT_EQ(full.code(), 11) << full.process.out;
  EXPECT_TRUE(node.check(a, "pod-a", added).ok());
  node.node.sh("rm " + node.state_dir() + "/filler");
  EXPECT_TRUE(can_ping(node.outside, address_of(node.add(b, "pod-z"))));
}

TEST(BadInput, ReadOnlyStateDirIsCode5AndNothingIsHalfMade) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const SmallDisk disk(node.state_dir(), "size=64k,ro");
  const Answer answer = node.call({.command = "ADD", .netns = pod.path(), .config = node.config()});
  EXPECT_EQ(answer.code(), 5) << answer.process.out;
  EXPECT_THAT(answer.message(), HasSubstr("Read-only"));
  EXPECT_THAT(node.leftovers(), IsEmpty());
  EXPECT_FALSE(pod.sh_ok("ip link show eth0"));
}

}  // namespace
}  // namespace catena::test
