#include "common/base/fields.h"

#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::base {
namespace {

using nlohmann::json;

// What `read` says of {"ranges": {"key": <value>}}: the message of its error, "ok" or "absent".
template <typename Read>
std::string said_of(const std::string& value, Read read) {
  const json object = json::parse("{\"key\": " + value + "}");
  Fields fields = Fields::of(object, "ranges[0]").value();
  auto result = read(fields);
  if (!result.ok()) {
    EXPECT_TRUE(result.error().is(ErrorKind::kBadConfig));
    return result.error().message();
  }
  return result->has_value() ? "ok" : "absent";
}

struct Case {
  const char* value;
  const char* said;
};

TEST(Fields, String) {
  const auto read = [](Fields& fields) { return fields.string("key"); };
  for (const auto& [value, said] : {
           Case{"\"\"", "ok"},
           Case{"null", "absent"},
           Case{"1", "ranges[0].key: expected a string, got 1"},
           Case{"true", "ranges[0].key: expected a string, got true"},
           Case{"[]", "ranges[0].key: expected a string, got an empty list"},
           Case{"[1]", "ranges[0].key: expected a string, got a list"},
           Case{"{}", "ranges[0].key: expected a string, got an empty object"},
           Case{"{\"a\":1}", "ranges[0].key: expected a string, got an object"},
       }) {
    EXPECT_EQ(said_of(value, read), said);
  }
}

TEST(Fields, Boolean) {
  const auto read = [](Fields& fields) { return fields.boolean("key"); };
  for (const auto& [value, said] : {
           Case{"false", "ok"},
           Case{"null", "absent"},
           Case{"\"true\"", "ranges[0].key: expected true or false, got \"true\""},
           Case{"0", "ranges[0].key: expected true or false, got 0"},
       }) {
    EXPECT_EQ(said_of(value, read), said);
  }
}

TEST(Fields, OneOf) {
  const auto read = [](Fields& fields) { return fields.one_of("key", {"ensure", "check"}); };
  for (const auto& [value, said] : {
           Case{"\"check\"", "ok"},
           Case{"null", "absent"},
           Case{"\"Check\"", R"(ranges[0].key: expected one of "ensure", "check", got "Check")"},
           Case{"true", "ranges[0].key: expected a string, got true"},
       }) {
    EXPECT_EQ(said_of(value, read), said);
  }
}

TEST(Fields, OneOfAdvisesTheValueThatWasMeant) {
  const json object = {{"key", "ensrue"}, {"other", "nonsense"}};
  Fields fields = Fields::of(object, "").value();
  EXPECT_EQ(fields.one_of("key", {"ensure", "check"}).error().advice(), "did you mean \"ensure\"?");
  EXPECT_EQ(fields.one_of("other", {"ensure", "check"}).error().advice(), "");
}

TEST(Fields, Address) {
  const auto read = [](Fields& fields) { return fields.address("key"); };
  for (const auto& [value, said] : {
           Case{"\"10.0.0.1\"", "ok"},
           Case{"\"fd00::1\"", "ok"},
           Case{"null", "absent"},
           Case{"\"10.0.0.1/24\"", "ranges[0].key: expected an IP address, got \"10.0.0.1/24\""},
           Case{"\"\"", "ranges[0].key: expected an IP address, got \"\""},
           Case{"10", "ranges[0].key: expected an IP address, got 10"},
       }) {
    EXPECT_EQ(said_of(value, read), said);
  }
}

TEST(Fields, NetworkNamesTheOneWithoutHostBits) {
  const auto read = [](Fields& fields) { return fields.network("key"); };
  for (const auto& [value, said] : {
           Case{"\"10.1.0.0/16\"", "ok"},
           Case{"\"fd00::/64\"", "ok"},
           Case{"null", "absent"},
           Case{"\"10.1.0.5/16\"",
                "ranges[0].key: expected a network without host bits (10.1.0.0/16), got "
                "\"10.1.0.5/16\""},
           Case{"\"10.1.0.0\"",
                R"(ranges[0].key: expected a network like "10.0.0.0/16", got "10.1.0.0")"},
           Case{"[]", "ranges[0].key: expected a network like \"10.0.0.0/16\", got an empty list"},
       }) {
    EXPECT_EQ(said_of(value, read), said);
  }
}

TEST(Fields, Mac) {
  const auto read = [](Fields& fields) { return fields.mac("key"); };
  EXPECT_EQ(said_of("\"00:16:3E:02:38:05\"", read), "ok");
  EXPECT_EQ(said_of("\"0\"", read),
            "ranges[0].key: expected a MAC address like \"00:16:3e:02:38:05\", got \"0\"");
}

TEST(Fields, AbsolutePath) {
  const auto read = [](Fields& fields) { return fields.absolute_path("key"); };
  const std::string expected = "ranges[0].key: expected an absolute path without \"..\", got ";
  for (const char* good : {"\"/\"", "\"/var/lib/catena\"", "\"/a/..b/c..\"", "\"/a/./b\""}) {
    EXPECT_EQ(said_of(good, read), "ok") << good;
  }
  for (const char* bad : {"\"\"", "\"var\"", "\"./var\"", "\"/var/../etc\"", "\"/..\"", "1"}) {
    EXPECT_EQ(said_of(bad, read), expected + bad);
  }
  EXPECT_EQ(said_of("\"/a\\u0000b\"", read), expected + "\"/a\\u0000b\"");
}

TEST(Fields, ListsNameTheElementThatIsWrong) {
  const auto strings = [](Fields& fields) { return fields.strings("key"); };
  EXPECT_EQ(said_of("[]", strings), "ok");
  EXPECT_EQ(said_of("null", strings), "absent");
  EXPECT_EQ(said_of("\"a\"", strings), "ranges[0].key: expected a list, got \"a\"");
  EXPECT_EQ(said_of("[\"a\", 2]", strings), "ranges[0].key[1]: expected a string, got 2");
  EXPECT_EQ(said_of("[null]", strings), "ranges[0].key[0]: expected a string, got null");
  const auto networks = [](Fields& fields) { return fields.networks("key"); };
  EXPECT_EQ(said_of("[\"10.0.0.0/8\", \"fd00::/8\"]", networks), "ok");
  EXPECT_EQ(said_of("[\"10.0.0.0/8\", \"10.0.0.1/8\"]", networks),
            "ranges[0].key[1]: expected a network without host bits, like \"10.0.0.0/16\", got "
            "\"10.0.0.1/8\"");
}

TEST(Fields, StringMapKeepsEveryKeyAsItIs) {
  const auto read = [](Fields& fields) { return fields.string_map("key"); };
  EXPECT_EQ(said_of("{}", read), "ok");
  EXPECT_EQ(said_of("[]", read), "ranges[0].key: expected an object, got an empty list");
  EXPECT_EQ(said_of("{\"a.b/c\": 1}", read), "ranges[0].key.a.b/c: expected a string, got 1");
  EXPECT_EQ(said_of("{\"a\": null}", read), "ranges[0].key.a: expected a string, got null");
  const json object = {{"key", {{"a", "1"}, {"A", "2"}}}};
  const auto map = Fields::of(object, "").value().string_map("key").value();
  using Map = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(*map, (Map{{"A", "2"}, {"a", "1"}}));
}

TEST(Fields, ObjectsInsideObjectsCarryTheirPath) {
  const json object = json::parse(R"({"ranges": [[], {"mtu": "x"}], "dns": {"search": 1}})");
  Fields fields = Fields::of(object, "").value();
  EXPECT_EQ(fields.object("dns").value()->strings("search").error().message(),
            "dns.search: expected a list, got 1");
  EXPECT_EQ(fields.object("ranges").error().message(), "ranges: expected an object, got a list");
  EXPECT_EQ(fields.objects("ranges").error().message(),
            "ranges[0]: expected an object, got an empty list");
  EXPECT_EQ(fields.objects("dns").error().message(), "dns: expected a list, got an object");
  EXPECT_FALSE(fields.object("absent").value().has_value());
  EXPECT_FALSE(fields.objects("absent").value().has_value());
}

TEST(Fields, OnlyAnObjectHasFields) {
  EXPECT_EQ(Fields::of(json(3), "").error().message(),
            "the configuration: expected an object, got 3");
  EXPECT_EQ(Fields::of(json::array(), "a[1]").error().message(),
            "a[1]: expected an object, got an empty list");
}

TEST(Fields, CaseIsIgnoredOnlyWhereTold) {
  const json object = {{"IngressRate", 1}, {"ingressrate", 2}};
  Fields exact = Fields::of(object, "").value();
  EXPECT_FALSE(exact.integer("ingressRate", 0, 9).value().has_value());
  Fields ignoring = Fields::of(object, "", KeyCase::kIgnored).value();
  // In the object's order, which is alphabetical, the last one wins.
  EXPECT_EQ(ignoring.integer("ingressRate", 0, 9).value(), 2);
  EXPECT_EQ(ignoring.integer("INGRESSRATE", 3, 9).error().message(),
            "INGRESSRATE: expected a whole number from 3 to 9, got 2");
}

TEST(Fields, RawTellsNullFromAbsent) {
  const json object = json::parse(R"({"a": null, "b": []})");
  Fields fields = Fields::of(object, "").value();
  ASSERT_NE(fields.raw("a"), nullptr);
  EXPECT_TRUE(fields.raw("a")->is_null());
  EXPECT_TRUE(fields.raw("b")->is_array());
  EXPECT_EQ(fields.raw("c"), nullptr);
}

TEST(Fields, ALongBadValueIsShortened) {
  const std::string said = said_of("\"" + std::string(10'000, 'x') + "\"",
                                   [](Fields& fields) { return fields.address("key"); });
  EXPECT_LT(said.size(), 150U);
}

}  // namespace
}  // namespace catena::base
