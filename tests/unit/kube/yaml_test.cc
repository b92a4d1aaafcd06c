#include "common/kube/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::kube {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

TEST(Yaml, ListsMayStandAsFarLeftAsTheirKey) {
  const auto read = read_yaml(
      "apiVersion: v1\n"
      "clusters:\n"
      "- cluster:\n"
      "    server: https://10.0.0.1:6443\n"
      "  name: a\n"
      "- name: b\n"
      "  cluster: {}\n"
      "users: []\n");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(*read, Json::parse(R"({"apiVersion": "v1", "users": [],
      "clusters": [{"cluster": {"server": "https://10.0.0.1:6443"}, "name": "a"},
                   {"cluster": {}, "name": "b"}]})"));
}

TEST(Yaml, ListsMayBeIndented) {
  const auto read = read_yaml(
      "---\n"
      "# a comment\n"
      "outer:\n"
      "\n"
      "    - one   # another\n"
      "    - two\r\n"
      "    -\n"
      "      key: value\n"
      "    - - x\n"
      "      - y\n"
      "after: 'it''s'\n");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(*read, Json::parse(R"({"outer": ["one", "two", {"key": "value"}, ["x", "y"]],
                                   "after": "it's"})"));
}

TEST(Yaml, ScalarsAreTextsButForTrueFalseAndNull) {
  const auto read = read_yaml(
      "a: true\nb: false\nc: null\nd: ~\ne:\nf: 12\ng: \"x # \\\"y\\\"\\n\"   # c\nh: a#b\n"
      "\"quoted key\": 'true'\ni: a: b\n");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(*read, Json::parse(R"({"a": true, "b": false, "c": null, "d": null, "e": null,
      "f": "12", "g": "x # \"y\"\n", "h": "a#b", "quoted key": "true", "i": "a: b"})"));
}

TEST(Yaml, NothingButBlanksIsNoValue) {
  for (const char* const value : {"\r", "\t", " \t ", "\r #note"}) {
    const auto read = read_yaml("a:" + std::string(value) + "\r\n");
    ASSERT_TRUE(read.ok()) << value << ": " << read.error().text();
    EXPECT_EQ(*read, Json::parse(R"({"a": null})")) << value;
  }
  EXPECT_TRUE(read_yaml("- \r\n").ok());
}

TEST(Yaml, JsonIsYamlToo) {
  const auto read = read_yaml("\n {\"a\": {\"b\": [1, true]}}\n");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(*read, Json::parse(R"({"a": {"b": [1, true]}})"));
}

TEST(Yaml, WhatIsNotUnderstoodIsRefusedWithItsLineAndWithoutItsText) {
  for (const char* text : {
           "a: b\nsecret: &anchor x", "a: b\nsecret: *alias",   "a: b\nsecret: !!binary x",
           "a: b\nsecret: |\n  x",    "a: b\nsecret: >-\n  x",  "a: b\nsecret: [x, y]",
           "a: b\nsecret: {x: y}",    "a: b\n\tsecret: x",      "a: b\nsecret",
           "a: b\na: secret",         "a: b\n  c: secret",      "a: b\n- secret",
           "a: b\n---\nsecret: d",    "a: b\nc: \"secret",      "a: b\nc: \"secret\" x",
           "a: b\n: secret",          "a: b\n\"secret\\q\": x", "a: b\n'secret: x",
           "a: b\n{secret: x}",       "- a\nsecret: x",
       }) {
    const auto read = read_yaml(text);
    ASSERT_FALSE(read.ok()) << text << "\n" << read->dump();
    EXPECT_TRUE(read.error().is(base::ErrorKind::kUndecodable));
    EXPECT_THAT(read.error().message(), HasSubstr("line 2"));
    EXPECT_THAT(read.error().message(), Not(HasSubstr("secret")));
  }
}

TEST(Yaml, BrokenJsonIsRefusedWithoutItsText) {
  const auto read = read_yaml("{\"token\": \"secret\", ");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message(), Not(HasSubstr("secret")));
}

TEST(Yaml, DeepNestingIsRefused) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += "- ";
  }
  const auto read = read_yaml(text + "x");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message(), HasSubstr("levels"));
}

}  // namespace
}  // namespace catena::kube
