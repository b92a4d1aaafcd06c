// A store in a directory of the test's own, with a clock the test moves.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ipam/store.h"
#include "tests/support/temp_dir.h"

namespace catena::ipam {

class FakeClock : public base::Clock {
 public:
  std::chrono::nanoseconds since_boot() const override { return boottime; }
  std::chrono::system_clock::time_point wall() const override { return now; }
  std::chrono::nanoseconds boottime = std::chrono::hours(1);
  std::chrono::system_clock::time_point now{std::chrono::hours(500'000)};
};

inline base::IpAddress ip(const std::string& text) { return base::IpAddress::parse(text).value(); }

inline Range range(const std::string& subnet) {
  return Range::whole(base::Prefix::parse(subnet).value());
}

inline std::string text_of(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) {
    text += (text.empty() ? "" : " ") + record.address.to_string();
  }
  return text;
}

// A store with everything a test wants to say in few words; failures are part of the answers.
class Node {
 public:
  explicit Node(std::string directory, const FakeClock& clock, std::string boot_id = "boot-1")
      : directory_(std::move(directory)),
        store_(directory_, Options{.lock_patience = std::chrono::milliseconds(2000),
                                   .clock = &clock,
                                   .boot_id = std::move(boot_id)}) {}

  Store& store() { return store_; }
  const std::string& directory() const { return directory_; }

  static Claim claim_of(const std::string& container, std::vector<RangeSet> sets,
                        const std::vector<std::string>& wanted = {}) {
    Claim claim;
    claim.owner = {container, "eth0", "net", "/run/netns/" + container, "ns/" + container};
    claim.sets = std::move(sets);
    for (const std::string& address : wanted) {
      claim.wanted.push_back(ip(address));
    }
    return claim;
  }

  base::Result<std::vector<Record>> try_claim(const std::string& container,
                                              std::vector<RangeSet> sets,
                                              const std::vector<std::string>& wanted = {}) {
    return store_.claim(claim_of(container, std::move(sets), wanted), in_use());
  }
  // "10.0.0.1 fd00::1", or the error.
  std::string claim(const std::string& container, std::vector<RangeSet> sets,
                    const std::vector<std::string>& wanted = {}) {
    return said(try_claim(container, std::move(sets), wanted));
  }
  std::string claim(const std::string& container, const std::string& subnet) {
    return claim(container, {{range(subnet)}});
  }
  std::string find(const std::string& container) { return said(store_.find(container, "eth0")); }
  std::string release(const std::string& container) {
    return said(store_.release(container, "eth0"));
  }
  // "10.0.0.1 bound c1, 10.0.0.2 free c2".
  std::string list() {
    const auto records = store_.list();
    if (!records.ok()) {
      return records.error().text();
    }
    std::string text;
    for (const Record& record : *records) {
      text += (text.empty() ? "" : ", ") + record.address.to_string() + " " +
              name_of(record.state) + " " + record.owner.container_id;
    }
    return text;
  }

  // What the kernel would say is in use.
  std::set<std::string> kernel;
  int questions = 0;

  InUse in_use() {
    return [this](const base::IpAddress& address) -> base::Result<bool> {
      ++questions;
      return kernel.contains(address.to_string());
    };
  }

 private:
  static std::string said(const base::Result<std::vector<Record>>& records) {
    return records.ok() ? text_of(*records) : "error: " + records.error().message();
  }
  std::string directory_;
  Store store_;
};

class StoreTest : public testing::Test {
 protected:
  std::string path(const std::string& name = {}) const {
    return name.empty() ? dir_.path() + "/state" : dir_.path() + "/state/" + name;
  }
  static std::string content_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put(const std::string& file, const std::string& content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
  }
  void pass(std::chrono::nanoseconds time) { clock_.boottime += time; }

  test::TempDir dir_;
  FakeClock clock_;
  Node node_{path(), clock_};
};

}  // namespace catena::ipam
