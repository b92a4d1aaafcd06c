#include "common/kube/stream.h"

#include <algorithm>
#include <malloc.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::kube {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

struct Read {
  std::vector<Json> items;
  base::Status taken;
  base::Result<Json> rest = Json();
};

// Fed in pieces of `size` bytes.
Read read_list(const std::string& text, std::size_t size) {
  Read read;
  ListBody body([&](Json&& object) { read.items.push_back(std::move(object)); });
  body.begin();
  for (std::size_t at = 0; at < text.size() && read.taken.ok(); at += size) {
    read.taken = body.take(std::string_view(text).substr(at, size));
  }
  read.rest = body.rest();
  return read;
}

TEST(ListBody, GivesItemsHoweverTheyArrive) {
  const std::string text =
      R"({"kind": "PodList", "metadata": {"resourceVersion": "7", "items": ["x"]},
          "items" : [ {"a": "},]\"\\", "items": [{"b": []}]} ,
                      {"metadata": {"name": "n", "managedFields": [{"f": 1}]}}],
          "z": "items"})";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, text.size()}) {
    const Read read = read_list(text, size);
    ASSERT_TRUE(read.taken.ok()) << read.taken.error().text();
    ASSERT_EQ(read.items.size(), 2U);
    EXPECT_EQ(read.items[0], Json::parse(R"({"a": "},]\"\\", "items": [{"b": []}]})"));
    EXPECT_EQ(read.items[1], Json::parse(R"({"metadata": {"name": "n"}})"));
    ASSERT_TRUE(read.rest.ok()) << read.rest.error().text();
    EXPECT_EQ((*read.rest)["metadata"]["resourceVersion"], "7");
    EXPECT_EQ((*read.rest)["items"], Json::array());
  }
}

TEST(ListBody, ALongListNeedsNoMoreMemoryThanAShortOne) {
  std::size_t seen = 0;
  ListBody body([&](Json&&) { ++seen; });
  body.begin();
  const std::string item = R"({"metadata": {"name": "n", "labels": {"a": "b"}}, "filler": ")" +
                           std::string(2'000, 'x') + "\"}";
  constexpr std::size_t kItems = 20'000;
  ASSERT_TRUE(body.take(R"({"metadata": {"resourceVersion": "1"}, "items": [)").ok());
  const std::size_t before = ::mallinfo2().uordblks;
  std::size_t most = before;
  for (std::size_t i = 0; i < kItems; ++i) {
    ASSERT_TRUE(body.take(item).ok());
    ASSERT_TRUE(body.take(i + 1 == kItems ? "]}" : ",").ok());
    most = std::max(most, ::mallinfo2().uordblks);
  }
  EXPECT_EQ(seen, kItems);
  EXPECT_TRUE(body.rest().ok());
  EXPECT_LT(most - before, std::size_t{64} << 10U) << "of " << kItems * item.size() << " bytes";
}

TEST(ListBody, AnEmptyListIsOne) {
  for (const char* text : {R"({"items": []})", R"({"items": null})", R"({"items":[ ]})"}) {
    const Read read = read_list(text, 3);
    EXPECT_TRUE(read.taken.ok());
    EXPECT_TRUE(read.rest.ok());
    EXPECT_TRUE(read.items.empty());
  }
}

TEST(ListBody, HalfAListIsNone) {
  const Read read = read_list(R"({"items": [{"a": 1}, {"b")", 100);
  EXPECT_TRUE(read.taken.ok());
  EXPECT_EQ(read.items.size(), 1U);
  EXPECT_FALSE(read.rest.ok());
}

TEST(ListBody, WhatIsNoListIsRefused) {
  EXPECT_FALSE(read_list(R"({"items": [1, 2]})", 100).taken.ok());
  EXPECT_FALSE(read_list(R"({"items": [{"a" 1}]})", 100).taken.ok());
  EXPECT_FALSE(read_list(R"({"items": [["a"]]})", 100).taken.ok());
  EXPECT_FALSE(read_list("<html>" + std::string(100'000, 'x'), 1'000).taken.ok());
  EXPECT_FALSE(read_list("[]", 100).rest.ok());
  EXPECT_FALSE(read_list("", 100).rest.ok());
}

TEST(ListBody, AHugeItemIsRefused) {
  std::string text = R"({"items": [{"a": ")";
  text.append(kMostObject + 1, 'x');
  const Read read = read_list(text, 65'536);
  ASSERT_FALSE(read.taken.ok());
  EXPECT_THAT(read.taken.error().message(), HasSubstr("an item of more than"));
}

struct Events {
  std::vector<std::string> types;
  std::vector<Json> objects;
  base::Status taken;
};

Events read_events(const std::string& text, std::size_t size) {
  Events events;
  EventBody body([&](std::string_view type, Json&& object) {
    events.types.emplace_back(type);
    events.objects.push_back(std::move(object));
    return base::Status();
  });
  body.begin();
  for (std::size_t at = 0; at < text.size() && events.taken.ok(); at += size) {
    events.taken = body.take(std::string_view(text).substr(at, size));
  }
  return events;
}

TEST(EventBody, GivesEventsHoweverTheyArrive) {
  const std::string text =
      "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"managedFields\":[]}}}\n\n"
      "{\"object\":{\"b\":1},\"type\":\"DELETED\"}\r\n{\"type\":\"ADDED\",\"obj";
  for (const std::size_t size : {std::size_t{1}, std::size_t{5}, text.size()}) {
    const Events events = read_events(text, size);
    ASSERT_TRUE(events.taken.ok()) << events.taken.error().text();
    EXPECT_EQ(events.types, (std::vector<std::string>{"ADDED", "DELETED"}));
    EXPECT_EQ(events.objects[0], Json::parse(R"({"metadata": {"name": "a"}})"));
  }
}

TEST(EventBody, WhatIsNoEventEndsTheStream) {
  for (const char* text : {"x\n", "[]\n", "{}\n", "{\"type\":\"ADDED\"}\n", "{\"object\":{}}\n",
                           "{\"type\":\"ADDED\",\"object\":1}\n"}) {
    EXPECT_FALSE(read_events(text, 100).taken.ok()) << text;
  }
  EXPECT_FALSE(read_events(std::string(kMostObject + 2, ' '), 65'536).taken.ok());
}

}  // namespace
}  // namespace catena::kube
