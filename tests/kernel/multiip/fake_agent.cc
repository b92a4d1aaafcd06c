// Stands for catena-agent: "ok" gives eni-1 as many addresses as are asked for, "few" one, "none"
// none.
#include "tests/support/agent/fake_agent.h"

#include <nlohmann/json.hpp>

namespace {

using namespace catena;

constexpr int kFirstHost = 50;

bool knows(const std::vector<ipam::Record>& records, const base::IpAddress& address) {
  for (const ipam::Record& record : records) {
    if (record.address == address) {
      return true;
    }
  }
  return false;
}

void add_addresses(ipam::Store& store, const char* net, int count) {
  const auto records = store.list().value();
  ipam::CloudChange change;
  for (int host = kFirstHost; count > 0; ++host) {
    const base::IpAddress address = base::IpAddress::parse(net + std::to_string(host)).value();
    if (!knows(records, address)) {
      change.put_addresses.push_back({address, "eni-1"});
      --count;
    }
  }
  store.change(change).value();
}

std::string grow(const std::string& order, const test::CallWords& words, ipam::Store& store) {
  const auto args = nlohmann::json::parse(words.after("--args"));
  const int demand = order == "few" ? 1 : args.at("demand").get<int>();
  if (order != "none" && args.at("ipv4").get<bool>()) {
    add_addresses(store, "192.168.0.", demand);
  }
  if (order != "none" && args.at("ipv6").get<bool>()) {
    add_addresses(store, "fd00:a::", demand);
  }
  return R"({"enis":["eni-1"],"added":{"ipv4":)" + std::to_string(demand) + R"(,"ipv6":0}})" + "\n";
}

}  // namespace

int main(int argc, char** argv) {
  return test::run_fake_agent({argc, argv}, {"ok", "few", "none"}, grow);
}
