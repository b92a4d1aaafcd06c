#include "common/cni/args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cni/call.h"

namespace catena::cni {
namespace {

using base::ErrorKind;
using test::Variables;
using testing::HasSubstr;

base::Result<Args> read(const Variables& variables) {
  return read_args(test::environment_of(variables));
}

Variables with(const std::string& verb, const std::string& name, const std::string& value) {
  Variables variables = test::variables_for(verb);
  variables[name] = value;
  return variables;
}

// What is said of one variable; "ok" where nothing is.
std::string said_of(const std::string& verb, const std::string& name, const std::string& value) {
  const base::Result<Args> args = read(with(verb, name, value));
  if (args.ok()) {
    return "ok";
  }
  EXPECT_TRUE(args.error().is(ErrorKind::kBadEnvironment));
  return args.error().message();
}

TEST(Environment, WhatEachVerbNeeds) {
  const struct {
    const char* verb;
    const char* name;
    bool needed;
  } cases[] = {
      {"ADD", "CNI_CONTAINERID", true},
      {"ADD", "CNI_NETNS", true},
      {"ADD", "CNI_IFNAME", true},
      {"ADD", "CNI_ARGS", false},
      {"ADD", "CNI_PATH", false},
      {"CHECK", "CNI_CONTAINERID", true},
      {"CHECK", "CNI_NETNS", true},
      {"CHECK", "CNI_IFNAME", true},
      {"CHECK", "CNI_ARGS", false},
      {"CHECK", "CNI_PATH", false},
      {"DEL", "CNI_CONTAINERID", true},
      {"DEL", "CNI_NETNS", false},
      {"DEL", "CNI_IFNAME", true},
      {"DEL", "CNI_ARGS", false},
      {"DEL", "CNI_PATH", false},
      {"GC", "CNI_CONTAINERID", false},
      {"GC", "CNI_NETNS", false},
      {"GC", "CNI_IFNAME", false},
      {"GC", "CNI_ARGS", false},
      {"GC", "CNI_PATH", true},
      {"STATUS", "CNI_CONTAINERID", false},
      {"STATUS", "CNI_NETNS", false},
      {"STATUS", "CNI_IFNAME", false},
      {"STATUS", "CNI_ARGS", false},
      {"STATUS", "CNI_PATH", false},
      {"VERSION", "CNI_CONTAINERID", false},
      {"VERSION", "CNI_NETNS", false},
      {"VERSION", "CNI_IFNAME", false},
      {"VERSION", "CNI_ARGS", false},
      {"VERSION", "CNI_PATH", false},
  };
  for (const auto& [verb, name, needed] : cases) {
    const std::string expected =
        needed ? "environment: " + std::string(name) + " is missing" : "ok";
    EXPECT_EQ(said_of(verb, name, ""), expected) << verb << " " << name << " empty";
    Variables unset = test::variables_for(verb);
    unset.erase(name);
    EXPECT_EQ(read(unset).ok(), !needed) << verb << " " << name << " unset";
  }
}

TEST(Environment, EverythingMissingOrMalformedIsNamedAtOnce) {
  const base::Result<Args> nothing = read({{"CNI_COMMAND", "ADD"}});
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().message(),
            "environment: CNI_CONTAINERID is missing; CNI_IFNAME is missing; CNI_NETNS is missing");
  const base::Result<Args> mixed = read({{"CNI_COMMAND", "ADD"},
                                         {"CNI_CONTAINERID", "_c"},
                                         {"CNI_IFNAME", "a/b"},
                                         {"CNI_ARGS", "x"},
                                         {"CNI_PATH", "bin"}});
  ASSERT_FALSE(mixed.ok());
  for (const char* name : {"CNI_CONTAINERID '_c'", "CNI_IFNAME 'a/b'", "CNI_NETNS is missing",
                           "CNI_ARGS", "CNI_PATH"}) {
    EXPECT_THAT(mixed.error().message(), HasSubstr(name));
  }
  EXPECT_FALSE(mixed.error().advice().empty());
}

TEST(Environment, AnUnknownVerbIsRepeatedWordForWord) {
  EXPECT_EQ(read({{"CNI_COMMAND", "GET"}}).error().message(), "unknown CNI_COMMAND: GET");
  EXPECT_EQ(read({{"CNI_COMMAND", "add"}}).error().message(), "unknown CNI_COMMAND: add");
  EXPECT_TRUE(read({{"CNI_COMMAND", "GET"}}).error().is(ErrorKind::kBadEnvironment));
}

TEST(Environment, VersionLooksAtNothingElse) {
  EXPECT_TRUE(read({{"CNI_COMMAND", "VERSION"},
                    {"CNI_CONTAINERID", "//"},
                    {"CNI_IFNAME", "a b"},
                    {"CNI_NETNS", "dummy"},
                    {"CNI_PATH", "dummy"}})
                  .ok());
}

TEST(ContainerId, LettersDigitsAndThreeSigns) {
  for (const char* id : {"a", "0", "A-b_c.9", "cnitool-77383ca0a0715733ca6f",
                         "3f2a9c1e0b7d4f65a8c0123456789abcdef0123456789abcdef0123456789abc"}) {
    EXPECT_EQ(said_of("ADD", "CNI_CONTAINERID", id), "ok") << id;
  }
  for (const char* id : {"_a", "-a", ".a", "..", "a/b", "a b", "a:b", "a\n", "\xc3\xa4", "../x"}) {
    EXPECT_THAT(said_of("ADD", "CNI_CONTAINERID", id), HasSubstr("CNI_CONTAINERID '")) << id;
    EXPECT_THAT(said_of("DEL", "CNI_CONTAINERID", id), HasSubstr("CNI_CONTAINERID '")) << id;
  }
}

TEST(IfName, IsOneThatTheKernelTakes) {
  for (const char* name : {"eth0", "a", "net1-2_3.4", "123456789012345", "@", "..."}) {
    EXPECT_EQ(said_of("ADD", "CNI_IFNAME", name), "ok") << name;
  }
  EXPECT_EQ(said_of("ADD", "CNI_IFNAME", "1234567890123456"),
            "environment: CNI_IFNAME '1234567890123456' is longer than 15 characters");
  for (const char* name : {".", ".."}) {
    EXPECT_THAT(said_of("ADD", "CNI_IFNAME", name), HasSubstr("is no name for an interface"));
  }
  for (const char* name : {"a/b", "a:b", "a b", "a\tb", "eth0\n", "/", ":"}) {
    EXPECT_THAT(said_of("CHECK", "CNI_IFNAME", name), HasSubstr("holds '/', ':' or white space"));
  }
}

TEST(Netns, IsAnAbsolutePath) {
  EXPECT_EQ(said_of("ADD", "CNI_NETNS", "/var/run/netns/cni-1"), "ok");
  EXPECT_EQ(said_of("ADD", "CNI_NETNS", "cni-1"),
            "environment: CNI_NETNS 'cni-1' must be an absolute path");
}

TEST(CniPath, EntriesAreAbsoluteDirectories) {
  const Args args = read(with("ADD", "CNI_PATH", "/opt/cni/bin:/usr/lib/cni:")).value();
  EXPECT_EQ(args.path, (std::vector<std::string>{"/opt/cni/bin", "/usr/lib/cni"}));
  EXPECT_EQ(said_of("ADD", "CNI_PATH", "/opt/cni/bin:lib"),
            "environment: CNI_PATH '/opt/cni/bin:lib' holds 'lib', which is not an absolute path");
  EXPECT_EQ(said_of("GC", "CNI_PATH", "::"), "environment: CNI_PATH '::' names no directory");
}

TEST(CniArgs, WhatContainerdSends) {
  const Args args =
      read(
          with("ADD", "CNI_ARGS",
               "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;"
               "K8S_POD_INFRA_CONTAINER_ID=df61;K8S_POD_UID=u-1;IP=10.1.2.3;MAC=c2:11:22:33:44:55"))
          .value();
  EXPECT_EQ(args.command, Command::kAdd);
  EXPECT_EQ(args.attachment, (Attachment{"c1", "eth0"}));
  EXPECT_EQ(args.pod.to_string(), "default/web-0");
  EXPECT_EQ(args.pod.uid, "u-1");
  EXPECT_EQ(args.ip->to_string(), "10.1.2.3");
  EXPECT_EQ(args.mac->to_string(), "c2:11:22:33:44:55");
}

TEST(CniArgs, AnAddressMayHaveAPrefixLengthAndMayBeEmpty) {
  EXPECT_EQ(read(with("ADD", "CNI_ARGS", "IP=10.1.2.3/24"))->ip->to_string(), "10.1.2.3");
  EXPECT_FALSE(read(with("ADD", "CNI_ARGS", "IP=;MAC="))->ip.has_value());
}

TEST(CniArgs, WhatIsMalformedIsSaid) {
  const struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"IP", "'IP' is not KEY=VALUE"},
      {"IgnoreUnknown=1;", "'' is not KEY=VALUE"},
      {"A=B=C;IgnoreUnknown=1", "'A=B=C' is not KEY=VALUE"},
      {"IP=10.1.2", "IP '10.1.2' is not an IP address"},
      {"MAC=c2:11", "MAC 'c2:11' is not a unicast MAC address"},
      {"MAC=01:00:5e:00:00:01", "MAC '01:00:5e:00:00:01' is not a unicast MAC address"},
      {"FOO=1", "unknown key 'FOO'"},
      {"IgnoreUnknown=0;FOO=1", "unknown key 'FOO'"},
      {"K8S_POD_NAMESAPCE=x", "did you mean 'K8S_POD_NAMESPACE'?"},
      {"ip=10.1.2.3", "did you mean 'IP'?"},
  };
  for (const auto& [text, why] : cases) {
    EXPECT_THAT(said_of("ADD", "CNI_ARGS", text), HasSubstr(why));
    EXPECT_THAT(said_of("ADD", "CNI_ARGS", text), HasSubstr("CNI_ARGS '"));
    EXPECT_EQ(said_of("DEL", "CNI_ARGS", text), "ok") << "a pod must come down";
  }
}

TEST(CniArgs, UnknownKeysPassWhereTheRuntimeSaysSo) {
  for (const char* yes : {"1", "true", "TRUE", "True"}) {
    EXPECT_EQ(said_of("ADD", "CNI_ARGS", "FOO=1;IgnoreUnknown=" + std::string(yes)), "ok") << yes;
  }
}

TEST(CniArgs, DelTakesWhatIsReadable) {
  const Args args =
      read(with("DEL", "CNI_ARGS", "x;K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;IP=nonsense")).value();
  EXPECT_EQ(args.pod.to_string(), "a/b");
  EXPECT_FALSE(args.ip.has_value());
}

TEST(PodName, WithoutAPodIsEmpty) { EXPECT_EQ(PodName{}.to_string(), ""); }

}  // namespace
}  // namespace catena::cni
