// Stands for catena-agent: notes how it was called, then does what FAKE_AGENT says: "ok" gives
// eni-1 as many addresses as are asked for, "few" one, "none" none, "hang" waits, anything else is
// said on stderr as a failure.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/ipam/store.h"

namespace {

using namespace catena;

constexpr int kFirstHost = 50;

std::string after(int argc, char** argv, const std::string& name) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) {
      return argv[i + 1];
    }
  }
  return {};
}

void note(int argc, char** argv) {
  std::string line;
  for (int i = 1; i < argc; ++i) {
    line += (i == 1 ? "" : " ") + std::string(argv[i]);
  }
  line += "\n";
  const std::string path = after(argc, argv, "--state-dir") + "/../agent-calls";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
  ::close(fd);
}

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

}  // namespace

int main(int argc, char** argv) {
  note(argc, argv);
  const char* what = std::getenv("FAKE_AGENT");
  const std::string order = what == nullptr ? "ok" : what;
  if (order == "hang") {
    ::sleep(1000);
  }
  if (order != "ok" && order != "few" && order != "none") {
    std::fprintf(stderr, "catena-agent: %s\n", order.c_str());
    return 3;
  }
  ::usleep(200'000);
  const auto args = nlohmann::json::parse(after(argc, argv, "--args"));
  const int demand = order == "few" ? 1 : args.at("demand").get<int>();
  ipam::Store store(after(argc, argv, "--state-dir"), {});
  if (order != "none" && args.at("ipv4").get<bool>()) {
    add_addresses(store, "192.168.0.", demand);
  }
  if (order != "none" && args.at("ipv6").get<bool>()) {
    add_addresses(store, "fd00:a::", demand);
  }
  std::printf("{\"enis\":[\"eni-1\"],\"added\":{\"ipv4\":%d,\"ipv6\":0}}\n", demand);
  return 0;
}
